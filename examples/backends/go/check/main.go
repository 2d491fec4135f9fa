// Answers the tests line by line: see ../../tests/backends.test.mjs.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"transferstatus.example/transferstatus"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var words []string
		for _, word := range strings.Split(lines.Text(), " ") {
			text, err := base64.StdEncoding.DecodeString(word)
			if err != nil {
				panic(err)
			}
			words = append(words, string(text))
		}
		answer, err := do(words)
		if err != nil {
			panic(err)
		}
		fmt.Println(answer)
	}
}

func do(words []string) (string, error) {
	switch words[0] {
	case "mint":
		expiry, err := strconv.ParseInt(words[4], 10, 64)
		if err != nil {
			return "", err
		}
		request, err := transferstatus.Mint(words[1], words[2], words[3], expiry)
		return request.Signature, err
	case "sign":
		return transferstatus.Sign(words[1], words[2], []byte(words[3])), nil
	default:
		var update transferstatus.Update
		if err := json.Unmarshal([]byte(words[3]), &update); err != nil {
			return "", err
		}
		stored, err := transferstatus.Publish(context.Background(), words[1], words[2], update)
		var refused *transferstatus.Error
		if errors.As(err, &refused) {
			return "refused " + refused.Code, nil
		}
		return fmt.Sprintf("stored %s %d", stored.Status, stored.Version), err
	}
}
