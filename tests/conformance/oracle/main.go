// The oracle: loads Compose projects with the reference library and prints what it makes of them.
//
// One JSON object a line comes in on standard input (see request), one a line goes out (see answer), in the
// same order. The options are those that `docker compose config` gives to the library; nothing of the
// process's own environment is used.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"
)

type request struct {
	ID       string            `json:"id"`
	Dir      string            `json:"dir"`       // absolute: where the command is typed
	Files    []string          `json:"files"`     // -f
	EnvFiles []string          `json:"env_files"` // --env-file
	Profiles []string          `json:"profiles"`  // --profile
	Name     string            `json:"name"`      // -p
	Env      map[string]string `json:"env"`       // the caller's environment
	Bare     bool              `json:"bare"`      // --no-interpolate
}

type answer struct {
	ID     string            `json:"id"`
	JSON   json.RawMessage   `json:"json,omitempty"`   // what --format json prints
	Tree   any               `json:"tree,omitempty"`   // what the YAML says
	Hashed map[string]string `json:"hashed,omitempty"` // what the hash of a service is taken of
	Used   map[string]any    `json:"used,omitempty"`   // resources that are left when the unused ones are taken out
	Error  string            `json:"error,omitempty"`
}

func options(r *request) (*cli.ProjectOptions, error) {
	environment := make([]string, 0, len(r.Env))
	for name, value := range r.Env {
		environment = append(environment, name+"="+value)
	}
	env := func(o *cli.ProjectOptions) error { return nil }
	if off, _ := strconv.ParseBool(r.Env["COMPOSE_DISABLE_ENV_FILE"]); !off {
		env = func(o *cli.ProjectOptions) error {
			if err := cli.WithEnvFiles(r.EnvFiles...)(o); err != nil {
				return err
			}
			return cli.WithDotEnv(o)
		}
	}
	return cli.NewProjectOptions(r.Files,
		cli.WithWorkingDirectory(""),
		cli.WithEnv(environment),
		env,
		cli.WithConfigFileEnv,
		cli.WithDefaultConfigPath,
		env,
		cli.WithInterpolation(!r.Bare),
		cli.WithDiscardEnvFile,
		cli.WithDefaultProfiles(r.Profiles...),
		cli.WithName(r.Name))
}

func prepare(r *request) (*cli.ProjectOptions, error) {
	if err := os.Chdir(r.Dir); err != nil {
		return nil, err
	}
	return options(r)
}

func load(r *request) (*types.Project, error) {
	o, err := prepare(r)
	if err != nil {
		return nil, err
	}
	return o.LoadProject(context.Background())
}

// bare is what `config --no-interpolate` prints: the merged model, never made into a project.
func bare(r *request) (a answer) {
	a.ID = r.ID
	o, err := prepare(r)
	if err == nil {
		var model map[string]any
		if model, err = o.LoadModel(context.Background()); err == nil {
			a.Tree = model
			a.JSON, err = json.Marshal(model)
		}
	}
	if err != nil {
		return answer{ID: r.ID, Error: err.Error()}
	}
	return a
}

func solve(r *request) (a answer) {
	a.ID = r.ID
	defer func() {
		if broken := recover(); broken != nil {
			a = answer{ID: r.ID, Error: fmt.Sprintf("the reference panicked: %v", broken)}
		}
	}()
	if r.Bare {
		return bare(r)
	}
	project, err := load(r)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	a.Hashed = map[string]string{}
	for name, service := range project.Services {
		if a.Hashed[name], err = hashed(service); err != nil {
			a.Error = err.Error()
			return a
		}
	}
	a.Used = used(project)
	if a.JSON, err = project.MarshalJSON(); err == nil {
		var text []byte
		if text, err = project.MarshalYAML(); err == nil {
			err = yaml.Unmarshal(text, &a.Tree)
		}
	}
	if err != nil {
		a = answer{ID: r.ID, Error: "unprintable: " + err.Error()}
	}
	return a
}

// used is what `config` keeps of the top-level resources.
func used(p *types.Project) map[string]any {
	left := p.WithoutUnnecessaryResources()
	return map[string]any{
		"networks": names(left.Networks), "volumes": names(left.Volumes), "secrets": names(left.Secrets),
		"configs": names(left.Configs), "models": names(left.Models),
	}
}

func names[V any](of map[string]V) map[string]bool {
	out := map[string]bool{}
	for name := range of {
		out[name] = true
	}
	return out
}

// raw is the env_file format that the CLI registers with the library: names and values as they stand.
func raw(r io.Reader, _ string, vars map[string]string, lookup func(string) (string, bool)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimLeft(lines.Text(), " \t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found {
			if value, found = lookup(name); !found {
				continue
			}
		}
		vars[name] = value
	}
	return lines.Err()
}

// hashed is what docker/compose takes the hash of a service of.
func hashed(s types.ServiceConfig) (string, error) {
	s.Build = nil
	s.PullPolicy = ""
	s.Scale = nil
	if s.Deploy != nil {
		deploy := *s.Deploy
		deploy.Replicas = nil
		s.Deploy = &deploy
	}
	s.DependsOn = nil
	s.Profiles = nil
	text, err := json.Marshal(s)
	return string(text), err
}

// one is the whole-process form, for the bench: oracle FILE prints that project.
func one(path string) error {
	env := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	project, err := load(&request{Dir: dir, Files: []string{path}, Env: env})
	if err != nil {
		return err
	}
	text, err := project.MarshalYAML()
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	return err
}

func main() {
	logrus.SetOutput(io.Discard)
	dotenv.RegisterFormat("raw", raw)
	if len(os.Args) > 1 && os.Args[1] == "--references" {
		answerReferences()
		return
	}
	if len(os.Args) > 1 {
		if err := one(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		var r request
		if err := in.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(solve(&r)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	out.Flush()
}
