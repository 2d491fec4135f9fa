import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Base64.Encoder;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Mint, sign and publish for Transfer Status, on the JDK (17 or later) alone: copy this file.
 *
 * <pre>{@code
 * String signature = TransferStatus.mint(System.getenv("SUBSCRIBE_HMAC_SECRET"), "order-1042", "corner-coffee", expiry);
 * String stored = TransferStatus.publish(url, System.getenv("HMAC_SECRET"),
 *     "order-1042", "{\"transferId\":\"order-1042\",\"status\":\"completed\",\"amount\":12.1}");
 * }</pre>
 *
 * The JDK has no JSON: an update and the stored transfer are texts, for the library that you have. What must arrive
 * belongs into your own database first; publish from an outbox there.
 */
public final class TransferStatus {
    private static final int ATTEMPTS = 6;
    private static final Duration ATTEMPT = Duration.ofSeconds(10);
    private static final Duration DEADLINE = Duration.ofSeconds(45);
    private static final Set<String> PASSING = Set.of("rate_limited", "internal", "unavailable");
    private static final Set<Integer> PASSING_STATUS = Set.of(408, 425, 429);
    private static final Set<Integer> LASTING_STATUS = Set.of(501, 505, 511);
    private static final Pattern ERROR = Pattern.compile("\"type\"\\s*:\\s*\"error\"");
    private static final Pattern CODE = Pattern.compile("\"code\"\\s*:\\s*\"(\\w+)\"");
    private static final Pattern ID = Pattern.compile("^\\{\\s*\"id\"\\s*:\\s*\"([^\"]*)\"");
    // It follows no redirect: what carries a signature is sent to no other address.
    private static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(ATTEMPT).build();

    private TransferStatus() {}

    /** The right to watch one transfer until {@code expiry}, in Unix seconds: PROTOCOL.md, section 5. */
    public static String mint(String secret, String transferId, String merchantId, long expiry) {
        String payload = "{\"transferRequestId\":" + quote(transferId) + ",\"merchantId\":" + quote(merchantId)
            + ",\"expiry\":" + expiry + "}";
        String encoded = Base64.getEncoder().encodeToString(payload.getBytes(UTF_8));
        Encoder url = Base64.getUrlEncoder().withoutPadding();
        return encoded + "." + url.encodeToString(mac(secret, encoded));
    }

    /** The X-Signature of a body, with an X-Timestamp in Unix seconds or, bare, null: PROTOCOL.md, section 4. */
    public static String sign(String secret, String timestamp, String body) {
        return HexFormat.of().formatHex(mac(secret, timestamp == null ? body : timestamp + "." + body));
    }

    /** The update was not stored, as far as is known. {@code body} is the answer; a conflict's has the transfer. */
    public static final class PublishException extends Exception {
        public final String code;
        public final String body;
        public final boolean isRetryable;
        final Duration retryAfter;

        PublishException(String code, String message, String body, boolean isRetryable, Duration retryAfter) {
            super(message);
            this.code = code;
            this.body = body;
            this.isRetryable = isRetryable;
            this.retryAfter = retryAfter;
        }
    }

    /** Sends an update, which is JSON, and gives the transfer as it is stored; tries again what may pass. */
    public static String publish(String url, String secret, String transferId, String update)
        throws PublishException, InterruptedException {
        Instant deadline = Instant.now().plus(DEADLINE);
        for (int attempt = 1; ; attempt++) {
            try {
                return send(url, secret, transferId, update);
            } catch (PublishException refused) {
                double backoff = Math.min(250 * Math.pow(2, attempt - 1), 10_000);
                long jitter = (long) (ThreadLocalRandom.current().nextDouble() * backoff);
                Duration pause = refused.retryAfter.plusMillis(jitter);
                boolean isLate = Instant.now().plus(pause).plusSeconds(1).isAfter(deadline);
                if (!refused.isRetryable || attempt == ATTEMPTS || isLate) {
                    throw refused;
                }
                Thread.sleep(pause.toMillis());
            }
        }
    }

    private static String send(String url, String secret, String transferId, String update)
        throws PublishException, InterruptedException {
        // The same bytes each time, with a fresh timestamp.
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        HttpRequest request = HttpRequest.newBuilder(URI.create(url.replaceAll("/+$", "") + "/update"))
            .timeout(ATTEMPT)
            .header("Content-Type", "application/json")
            .header("X-Timestamp", timestamp)
            .header("X-Signature", sign(secret, timestamp, update))
            .POST(HttpRequest.BodyPublishers.ofString(update))
            .build();
        HttpResponse<String> answer;
        try {
            answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (javax.net.ssl.SSLException error) {
            // A wrong certificate does not mend itself.
            throw new PublishException("network", "no secure connection: " + error.getMessage(), null, false, Duration.ZERO);
        } catch (IOException error) {
            throw new PublishException("network", "the service cannot be reached: " + error, null, true, Duration.ZERO);
        }
        var id = ID.matcher(answer.body());
        if (answer.statusCode() == 200 && id.find() && id.group(1).equals(transferId)) {
            return answer.body();
        }
        throw refusal(answer.statusCode(), answer);
    }

    /** By the service's code; by the HTTP status where it said none. */
    private static PublishException refusal(int status, HttpResponse<String> answer) {
        String body = answer.body();
        String wait = answer.headers().firstValue("Retry-After").orElse("");
        Duration retryAfter = wait.matches("\\d{1,6}") ? Duration.ofSeconds(Long.parseLong(wait)) : Duration.ZERO;
        var code = CODE.matcher(body);
        if (ERROR.matcher(body).find() && code.find()) {
            return new PublishException(code.group(1), body, body, PASSING.contains(code.group(1)), retryAfter);
        }
        boolean isPassing = PASSING_STATUS.contains(status) || status >= 500 && !LASTING_STATUS.contains(status);
        String message = "HTTP " + status + " is not the service's own answer; check the URL";
        return new PublishException("unexpected", message, body, isPassing, retryAfter);
    }

    private static byte[] mac(String secret, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
            return mac.doFinal(text.getBytes(UTF_8));
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException("every JDK has HmacSHA256", error);
        }
    }

    /** A JSON string, with nothing escaped that need not be. */
    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char sign : text.toCharArray()) {
            switch (sign) {
                case '"', '\\' -> quoted.append('\\').append(sign);
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '\b' -> quoted.append("\\b");
                case '\f' -> quoted.append("\\f");
                default -> quoted.append(sign < ' ' ? String.format("\\u%04x", (int) sign) : String.valueOf(sign));
            }
        }
        return quoted.append('"').toString();
    }
}
