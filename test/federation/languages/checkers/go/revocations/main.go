package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	log.SetOutput(io.Discard)
	revocations := &Revocations{}
	go revocations.follow()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order struct {
			Cookies string
			Silence int
		}
		json.Unmarshal(lines.Bytes(), &order)
		revocations.lock.Lock()
		revocations.heard = revocations.heard.Add(-time.Duration(order.Silence) * time.Second)
		revocations.lock.Unlock()
		request := &http.Request{Header: http.Header{"Cookie": {order.Cookies}}}
		ended := revocations.cover(oneCookie(request), whoIs(request))
		json.NewEncoder(os.Stdout).Encode(ended)
	}
}
