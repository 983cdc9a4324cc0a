package main

import (
	"bufio"
	_ "crypto/sha512" // as Docker has it: without it digests of this kind are unknown
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

type named struct {
	Registry string `json:"registry,omitempty"`
	Path     string `json:"path,omitempty"`
	Tag      string `json:"tag,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Error    string `json:"error,omitempty"`
}

// What Docker makes of the name of an image: its parts with everything that was left out put in.
func nameOf(text string) named {
	ref, err := reference.ParseDockerRef(text)
	if err != nil {
		return named{Error: err.Error()}
	}
	out := named{Registry: reference.Domain(ref), Path: reference.Path(ref)}
	if tagged, ok := ref.(reference.Tagged); ok {
		out.Tag = tagged.Tag()
	}
	if digested, ok := ref.(reference.Digested); ok {
		out.Digest = digested.Digest().String()
	}
	return out
}

// One JSON text a line comes in, one object a line goes out.
func answerReferences() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
		line, _ := json.Marshal(nameOf(text))
		fmt.Fprintf(out, "%s\n", line)
	}
}
