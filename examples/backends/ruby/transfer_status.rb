# Mint, sign and publish for Transfer Status, on Ruby's standard library alone: copy this file.
#
#     request = TransferStatus.mint(ENV.fetch("SUBSCRIBE_HMAC_SECRET"), "order-1042", "corner-coffee") # the page's, as JSON
#     TransferStatus.publish(url, ENV.fetch("HMAC_SECRET"), { transferId: "order-1042", status: "completed", amount: 12.1 })
#
# What must arrive belongs into your own database first; publish from an outbox there.

require "json"
require "net/http"
require "openssl"

module TransferStatus
  ATTEMPTS = 6
  ATTEMPT_SECONDS = 10
  DEADLINE_SECONDS = 45

  # The update was not stored, as far as is known. `transfer` is the stored one, beside a conflict.
  class PublishError < StandardError
    attr_reader :code, :transfer, :retry_after

    def initialize(code, message, retryable: false, retry_after: 0, transfer: nil)
      super(message)
      @code, @retryable, @retry_after, @transfer = code, retryable, retry_after, transfer
    end

    def retryable? = @retryable
  end

  class << self
    # The right to watch one transfer for a while: PROTOCOL.md, section 5.
    def mint(secret, transfer_id, merchant_id, valid_for: 900, now: Time.now.to_i)
      claims = { transferRequestId: transfer_id, merchantId: merchant_id, expiry: (now + valid_for).to_i }
      encoded = [JSON.generate(claims)].pack("m0")
      mac = [OpenSSL::HMAC.digest("SHA256", secret, encoded)].pack("m0").tr("+/", "-_").delete("=")
      { **claims, signature: "#{encoded}.#{mac}" }
    end

    # The X-Signature of the exact bytes of a body, with X-Timestamp in Unix seconds: PROTOCOL.md, section 4.
    def sign(secret, body, timestamp = nil)
      OpenSSL::HMAC.hexdigest("SHA256", secret, timestamp ? "#{timestamp}.#{body}" : body)
    end

    # Sends an update and gives the transfer as it is stored; tries again what may pass.
    def publish(url, secret, update)
      body = JSON.generate(update)
      id = update[:transferId] || update["transferId"]
      deadline = clock + DEADLINE_SECONDS
      attempt = 0
      begin
        deliver(url, secret, body, id)
      rescue PublishError => e
        pause = e.retry_after + rand * [0.25 * 2**attempt, 10].min
        attempt += 1
        raise if !e.retryable? || attempt == ATTEMPTS || clock + pause + 1 > deadline

        sleep(pause)
        retry
      end
    end

    private

    def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def deliver(url, secret, body, id)
      # The same bytes each time, with a fresh timestamp.
      timestamp = Time.now.to_i
      headers = { "Content-Type" => "application/json", "X-Timestamp" => timestamp.to_s,
                  "X-Signature" => sign(secret, body, timestamp) }
      read(post(URI("#{url.chomp("/")}/update"), body, headers), id)
    end

    def post(uri, body, headers)
      times = { open_timeout: ATTEMPT_SECONDS, read_timeout: ATTEMPT_SECONDS, max_retries: 0 }
      Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https", **times) do |http|
        http.post(uri.path, body, headers)
      end
    # A wrong certificate does not mend itself, so OpenSSL's errors are not among these.
    rescue SystemCallError, SocketError, IOError, Timeout::Error, Net::HTTPBadResponse => e
      raise PublishError.new("network", "the service cannot be reached: #{e.message}", retryable: true)
    end

    def read(response, id)
      status = response.code.to_i
      answer = parse(response.body)
      return answer if status == 200 && answer["id"] == id

      # By the service's code; by the HTTP status where it said none.
      own = answer["type"] == "error" && answer["code"].is_a?(String)
      code = own ? answer["code"] : "unexpected"
      passing = [408, 425, 429].include?(status) || (status >= 500 && ![501, 505, 511].include?(status))
      raise PublishError.new(
        code,
        own ? answer["message"] : "HTTP #{status} is not the service's own answer; check the URL",
        retryable: %w[rate_limited internal unavailable].include?(code) || (!own && passing),
        retry_after: response["Retry-After"].to_s[/\A\d+\z/].to_i,
        transfer: answer["transfer"]
      )
    end

    def parse(text)
      answer = JSON.parse(text.to_s.dup.force_encoding("UTF-8"))
      answer.is_a?(Hash) ? answer : {}
    rescue JSON::ParserError
      {}
    end
  end
end
