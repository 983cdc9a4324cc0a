// The oracle for Dockerfiles: reads them with BuildKit's own parser and prints what it makes of them.
//
// One JSON text (a Dockerfile) or object (a text to expand, with its variables) a line comes in, one object a
// line goes out. A module of its own: BuildKit asks for other versions of what the loader's oracle is made of.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type instruction struct {
	Name     string   `json:"name"`
	Lines    [2]int   `json:"lines"`
	Flags    []string `json:"flags"`
	Args     []string `json:"args"`
	Heredocs []string `json:"heredocs"`
}

type stage struct {
	Name     string `json:"name"`
	Base     string `json:"base"`
	Platform string `json:"platform"`
	Count    int    `json:"count"`
}

type dockerfile struct {
	Error        string        `json:"error,omitempty"`
	Escape       string        `json:"escape,omitempty"`
	Stages       []stage       `json:"stages,omitempty"`
	Instructions []instruction `json:"instructions,omitempty"`
}

// The values behind a node; of names with values without what stands between them, and of what
// ONBUILD puts off the name alone.
func argsOf(n *parser.Node) []string {
	out := []string{}
	kind := strings.ToLower(n.Value)
	i := 0
	for at := n.Next; at != nil; at = at.Next {
		if len(at.Children) > 0 {
			return append(out, at.Children[0].Value)
		}
		if (kind != "env" && kind != "label") || i%3 != 2 {
			out = append(out, at.Value)
		}
		i++
	}
	return out
}

func readDockerfile(text string) (out dockerfile) {
	defer func() {
		if broken := recover(); broken != nil {
			out = dockerfile{Error: fmt.Sprintf("panic: %v", broken)}
		}
	}()
	parsed, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		return dockerfile{Error: err.Error()}
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return dockerfile{Error: err.Error()}
	}
	if len(stages) == 0 {
		return dockerfile{Error: "no stage"}
	}
	out = dockerfile{Escape: string(parsed.EscapeToken)}
	for _, s := range stages {
		out.Stages = append(out.Stages, stage{s.Name, s.BaseName, s.Platform, len(s.Commands)})
	}
	for _, n := range parsed.AST.Children {
		one := instruction{
			Name: strings.ToUpper(n.Value), Lines: [2]int{n.StartLine, n.EndLine}, Args: argsOf(n),
			Flags: append([]string{}, n.Flags...), Heredocs: []string{},
		}
		for _, h := range n.Heredocs {
			one.Heredocs = append(one.Heredocs, fmt.Sprintf("%s %v %v %s", h.Name, h.Expand, h.Chomp, h.Content))
		}
		out.Instructions = append(out.Instructions, one)
	}
	return out
}

type expansion struct {
	Text string            `json:"text"`
	Env  map[string]string `json:"env"`
}

type expanded struct {
	Error string `json:"error,omitempty"`
	Text  string `json:"text"`
}

func expandText(e expansion) (out expanded) {
	defer func() {
		if broken := recover(); broken != nil {
			out = expanded{Error: fmt.Sprintf("panic: %v", broken)}
		}
	}()
	env := []string{}
	for name, value := range e.Env {
		env = append(env, name+"="+value)
	}
	text, _, err := shell.NewLex('\\').ProcessWord(e.Text, shell.EnvsFromSlice(env))
	if err != nil {
		return expanded{Error: err.Error()}
	}
	return expanded{Text: text}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var answer any
		var text string
		var e expansion
		if json.Unmarshal(lines.Bytes(), &text) == nil {
			answer = readDockerfile(text)
		} else if json.Unmarshal(lines.Bytes(), &e) == nil {
			answer = expandText(e)
		}
		line, _ := json.Marshal(answer)
		fmt.Fprintf(out, "%s\n", line)
	}
}
