# Answers the tests line by line: see ../tests/backends.test.mjs.

require_relative "transfer_status"

$stdout.sync = true
$stdin.each_line do |line|
  what, *words = line.chomp.split(/ /, -1).map { |word| word.unpack1("m").force_encoding("UTF-8") }
  case what
  when "mint"
    secret, transfer_id, merchant_id, expiry = words
    puts TransferStatus.mint(secret, transfer_id, merchant_id, valid_for: 60, now: expiry.to_i - 60)[:signature]
  when "sign"
    secret, timestamp, body = words
    puts TransferStatus.sign(secret, body, timestamp.empty? ? nil : timestamp.to_i)
  else
    url, secret, update = words
    begin
      stored = TransferStatus.publish(url, secret, JSON.parse(update))
      puts "stored #{stored["status"]} #{stored["version"]}"
    rescue TransferStatus::PublishError => e
      puts "refused #{e.code}"
    end
  end
end
