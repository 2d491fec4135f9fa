import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Answers the tests line by line: see ../tests/backends.test.mjs. */
final class Check {
    private static String find(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        return found.find() ? found.group(1) : "";
    }

    private static String answer(String[] words) throws InterruptedException {
        switch (words[0]) {
            case "mint":
                return TransferStatus.mint(words[1], words[2], words[3], Long.parseLong(words[4]));
            case "sign":
                return TransferStatus.sign(words[1], words[2].isEmpty() ? null : words[2], words[3]);
            default:
                try {
                    String id = find("\"transferId\":\"([^\"]*)\"", words[3]);
                    String stored = TransferStatus.publish(words[1], words[2], id, words[3]);
                    return "stored " + find("\"status\":\"(\\w+)\"", stored) + " " + find("\"version\":(\\d+)", stored);
                } catch (TransferStatus.PublishException refused) {
                    return "refused " + refused.code;
                }
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] words = Arrays.stream(line.split(" ", -1))
                .map(word -> new String(Base64.getDecoder().decode(word), UTF_8))
                .toArray(String[]::new);
            System.out.println(answer(words));
            System.out.flush();
        }
    }
}
