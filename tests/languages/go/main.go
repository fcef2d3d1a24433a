// Writes heartbeat details as an activity in Go would, with the SDK's default converter, or reads what
// autobeat wrote.
//
//	go run . > ../go.json
//	go run . read < ../autobeat.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"unicode/utf8"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

var details = converter.GetDefaultDataConverter()

type (
	// Without tags, JSON has the names of the fields.
	untagged struct {
		LastID string
		Rows   int
	}
	snakeCase struct {
		LastID string `json:"last_id"`
		Rows   int    `json:"rows"`
	}
	camelCase struct {
		LastID string `json:"lastId"`
		Rows   int    `json:"rows"`
	}
	progress struct {
		Done    uint64   `json:"done"`
		Total   *uint64  `json:"total,omitempty"`
		Unit    string   `json:"unit,omitempty"`
		Message string   `json:"message,omitempty"`
		Rate    *float64 `json:"rate,omitempty"`
	}
	finished struct {
		UpTo   uint64      `json:"up_to"`
		Beyond [][2]uint64 `json:"beyond"`
	}
	// One payload as the fixtures have it.
	fixture struct {
		Metadata map[string]string `json:"metadata"`
		Data     *string           `json:"data,omitempty"`
		Base64   []byte            `json:"base64,omitempty"`
	}
	fixtures struct {
		WrittenBy string               `json:"written_by"`
		Details   map[string][]fixture `json:"details"`
	}
)

var (
	hundred = uint64(100)
	half    = progress{Done: 42, Total: &hundred, Unit: "rows"}
)

// What activity.RecordHeartbeat is called with.
var heartbeats = map[string][]any{
	"number":                  {42},
	"large number":            {int64(9007199254740993)},
	"floating number":         {42.0},
	"text":                    {"order-42"},
	"list":                    {[]any{42, "order-42"}},
	"bytes":                   {[]byte{0, 1, 254, 255}},
	"null":                    {nil},
	"nothing":                 {},
	"state":                   {untagged{"order-42", 42}},
	"state in snake case":     {snakeCase{"order-42", 42}},
	"state in camel case":     {camelCase{"order-42", 42}},
	"progress":                {half},
	"number and text":         {42, "order-42"},
	"number and progress":     {42, half},
	"null and progress":       {nil, half},
	"finished":                {finished{5, [][2]uint64{{7, 9}, {12, 13}}}},
	"finished without ranges": {finished{UpTo: 5}},
	"protobuf":                {&commonpb.WorkflowExecution{WorkflowId: "order-42", RunId: "42"}},
}

// What activity.GetHeartbeatDetails should find in what autobeat wrote.
var expected = map[string][]any{
	"number":                  {42},
	"text":                    {"order-42"},
	"list":                    {[]any{42.0, "order-42"}},
	"bytes":                   {[]byte{0, 1, 254, 255}},
	"state in snake case":     {snakeCase{"order-42", 42}},
	"state in camel case":     {camelCase{"order-42", 42}},
	"finished":                {finished{5, [][2]uint64{{7, 9}, {12, 13}}}},
	"finished without ranges": {finished{UpTo: 5}},
	"number and progress":     {42, half},
	// Nothing is stored into the first one, which stays as it was.
	"null and progress": {0, half},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "read" {
		read()
	} else {
		write()
	}
}

func write() {
	written := fixtures{"go.temporal.io/sdk " + temporal.SDKVersion, map[string][]fixture{}}
	for name, values := range heartbeats {
		payloads, err := details.ToPayloads(values...)
		check(err)
		written.Details[name] = []fixture{}
		for _, payload := range payloads.GetPayloads() {
			written.Details[name] = append(written.Details[name], fixtureOf(payload))
		}
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	output.SetIndent("", "  ")
	check(output.Encode(written))
}

func read() {
	var found fixtures
	check(json.NewDecoder(os.Stdin).Decode(&found))
	for name, values := range expected {
		payloads := &commonpb.Payloads{}
		for _, written := range found.Details[name] {
			payloads.Payloads = append(payloads.Payloads, written.payload())
		}
		pointers := make([]any, len(values))
		for i, value := range values {
			pointers[i] = reflect.New(reflect.TypeOf(value)).Interface()
		}
		check(details.FromPayloads(payloads, pointers...))
		for i, value := range values {
			if got := reflect.ValueOf(pointers[i]).Elem().Interface(); !reflect.DeepEqual(got, value) {
				check(fmt.Errorf("%s: %v instead of %v", name, got, value))
			}
		}
	}
	fmt.Printf("go.temporal.io/sdk %s reads all %d\n", temporal.SDKVersion, len(expected))
}

func fixtureOf(payload *commonpb.Payload) fixture {
	written := fixture{Metadata: map[string]string{}}
	for key, value := range payload.Metadata {
		written.Metadata[key] = string(value)
	}
	if text := string(payload.Data); utf8.ValidString(text) {
		written.Data = &text
	} else {
		written.Base64 = payload.Data
	}
	return written
}

func (written fixture) payload() *commonpb.Payload {
	payload := &commonpb.Payload{Metadata: map[string][]byte{}, Data: written.Base64}
	for key, value := range written.Metadata {
		payload.Metadata[key] = []byte(value)
	}
	if written.Data != nil {
		payload.Data = []byte(*written.Data)
	}
	return payload
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
