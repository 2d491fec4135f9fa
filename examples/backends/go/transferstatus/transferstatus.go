// Package transferstatus mints, signs and publishes for Transfer Status, on the standard library alone: copy this file.
//
//	request, err := transferstatus.Mint(os.Getenv("SUBSCRIBE_HMAC_SECRET"), "order-1042", "corner-coffee", expiry)
//	stored, err := transferstatus.Publish(ctx, url, os.Getenv("HMAC_SECRET"),
//		transferstatus.Update{TransferID: "order-1042", Status: "completed", Amount: 12.1})
//
// What must arrive belongs into your own database first; publish from an outbox there.
package transferstatus

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	attempts       = 6
	attemptTimeout = 10 * time.Second
	deadline       = 45 * time.Second
	maxAnswer      = 1 << 20
)

// Request is what POST /create-transfer-request answers to the page.
type Request struct {
	TransferRequestID string `json:"transferRequestId"`
	MerchantID        string `json:"merchantId"`
	Expiry            int64  `json:"expiry"`
	Signature         string `json:"signature,omitempty"`
}

// Update is what happened to a payment. A field that is left out keeps its value.
type Update struct {
	TransferID string         `json:"transferId"`
	Status     string         `json:"status"`
	Message    string         `json:"message,omitempty"`
	Amount     float64        `json:"amount,omitempty"`
	MerchantID string         `json:"merchantId,omitempty"`
	CustomerID string         `json:"customerId,omitempty"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	// IfVersion, where it is set, is the stored version that the update builds on; 0 for an unreported transfer.
	IfVersion *int64 `json:"ifVersion,omitempty"`
}

// Transfer is a transfer as it is stored.
type Transfer struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Version int64  `json:"version"`
}

// Error says why an update was not stored, as far as is known. Transfer is the stored one, beside a conflict.
type Error struct {
	Code       string
	Message    string
	Status     int
	Retryable  bool
	RetryAfter time.Duration
	Transfer   *Transfer
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func mac(secret string, parts ...[]byte) []byte {
	hash := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		hash.Write(part)
	}
	return hash.Sum(nil)
}

// encode writes JSON with nothing escaped that need not be.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// Mint gives the right to watch one transfer until expiry, in Unix seconds: PROTOCOL.md, section 5.
func Mint(secret, transferID, merchantID string, expiry int64) (Request, error) {
	request := Request{TransferRequestID: transferID, MerchantID: merchantID, Expiry: expiry}
	payload, err := encode(request)
	if err != nil {
		return Request{}, err
	}
	encoded := base64.StdEncoding.EncodeToString(payload)
	request.Signature = encoded + "." + base64.RawURLEncoding.EncodeToString(mac(secret, []byte(encoded)))
	return request, nil
}

// Sign gives the X-Signature of the exact bytes of a body, with an X-Timestamp or, bare, "": PROTOCOL.md, section 4.
func Sign(secret, timestamp string, body []byte) string {
	if timestamp != "" {
		timestamp += "."
	}
	return hex.EncodeToString(mac(secret, []byte(timestamp), body))
}

// Publish sends an update and gives the transfer as it is stored; it tries again what may pass.
func Publish(ctx context.Context, url, secret string, update Update) (*Transfer, error) {
	body, err := encode(update)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	end, _ := ctx.Deadline()
	for attempt := 1; ; attempt++ {
		stored, refused := send(ctx, url, secret, body, update.TransferID)
		if refused == nil {
			return stored, nil
		}
		backoff := math.Min(0.25*math.Pow(2, float64(attempt-1)), 10)
		pause := refused.RetryAfter + time.Duration(rand.Float64()*backoff*float64(time.Second))
		if !refused.Retryable || attempt == attempts || time.Now().Add(pause+time.Second).After(end) {
			return nil, refused
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, refused
		}
	}
}

// What carries a signature is sent to no other address.
var client = &http.Client{
	Timeout:       attemptTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func send(ctx context.Context, url, secret string, body []byte, id string) (*Transfer, *Error) {
	address := strings.TrimSuffix(url, "/") + "/update"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Code: "network", Message: err.Error()}
	}
	// The same bytes each time, with a fresh timestamp.
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Timestamp", timestamp)
	request.Header.Set("X-Signature", Sign(secret, timestamp, body))
	response, err := client.Do(request)
	if err != nil {
		return nil, &Error{Code: "network", Message: err.Error(), Retryable: true}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, &Error{Code: "network", Message: err.Error(), Retryable: true}
	}
	var stored Transfer
	if response.StatusCode == http.StatusOK && json.Unmarshal(text, &stored) == nil && stored.ID == id {
		return &stored, nil
	}
	return nil, refusal(response, text)
}

// refusal goes by the service's code, and by the HTTP status where it said none.
func refusal(response *http.Response, text []byte) *Error {
	var answer struct {
		Type, Code, Message string
		Transfer            *Transfer
	}
	status := response.StatusCode
	isOwn := json.Unmarshal(text, &answer) == nil && answer.Type == "error" && answer.Code != ""
	seconds, _ := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31)
	refused := &Error{Status: status, RetryAfter: time.Duration(seconds) * time.Second}
	if isOwn {
		refused.Code, refused.Message, refused.Transfer = answer.Code, answer.Message, answer.Transfer
		switch answer.Code {
		case "rate_limited", "internal", "unavailable":
			refused.Retryable = true
		}
		return refused
	}
	refused.Code = "unexpected"
	refused.Message = fmt.Sprintf("HTTP %d is not the service's own answer; check the URL", status)
	switch status {
	case 408, 425, 429:
		refused.Retryable = true
	case 501, 505, 511:
	default:
		refused.Retryable = status >= 500
	}
	return refused
}
