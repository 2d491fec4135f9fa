<?php
// Answers the tests line by line: see ../tests/backends.test.mjs.

require __DIR__ . '/transfer_status.php';

while (($line = fgets(STDIN)) !== false) {
    $words = array_map('base64_decode', explode(' ', rtrim($line, "\n")));
    switch (array_shift($words)) {
        case 'mint':
            [$secret, $transferId, $merchantId, $expiry] = $words;
            echo TransferStatus\mint($secret, $transferId, $merchantId, 60, (int) $expiry - 60)['signature'], "\n";
            break;
        case 'sign':
            [$secret, $timestamp, $body] = $words;
            echo TransferStatus\sign($secret, $body, $timestamp === '' ? null : (int) $timestamp), "\n";
            break;
        default:
            [$url, $secret, $update] = $words;
            try {
                $stored = TransferStatus\publish($url, $secret, json_decode($update, true));
                echo "stored {$stored['status']} {$stored['version']}\n";
            } catch (TransferStatus\PublishError $error) {
                echo "refused {$error->errorCode}\n";
            }
    }
}
