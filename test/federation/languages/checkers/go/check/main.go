package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked struct{ Cookies string }
		json.Unmarshal(lines.Bytes(), &asked)
		request := &http.Request{Header: http.Header{"Cookie": {asked.Cookies}}}
		answers.Encode(map[string]any{"claims": whoIs(request)})
	}
}
