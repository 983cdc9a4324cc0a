// A provider plugin that knows a schema and no cloud: it takes every input, makes up every output and counts nothing as changed that is equal. With it the real
// pulumi and pulumi-language-yaml read our programs, check their types, order their resources and keep their secrets. Built and used by run.py, by hand.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

type schema struct {
	Version   string `json:"version"`
	Resources map[string]struct {
		Properties map[string]property `json:"properties"`
	} `json:"resources"`
	Types map[string]struct {
		Properties map[string]property `json:"properties"`
	} `json:"types"`
	Functions map[string]struct {
		Outputs struct {
			Properties map[string]property `json:"properties"`
		} `json:"outputs"`
	} `json:"functions"`
}

type property struct {
	Type  string    `json:"type"`
	Ref   string    `json:"$ref"`
	Items *property `json:"items"`
}

type provider struct {
	rpc.UnimplementedResourceProviderServer
	schema schema
	text   string
}

func (p *provider) GetSchema(context.Context, *rpc.GetSchemaRequest) (*rpc.GetSchemaResponse, error) {
	return &rpc.GetSchemaResponse{Schema: p.text}, nil
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{Version: p.schema.Version}, nil
}

func (p *provider) CheckConfig(_ context.Context, r *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: r.News}, nil
}

func (p *provider) DiffConfig(context.Context, *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	return &rpc.DiffResponse{}, nil
}

func (p *provider) Configure(context.Context, *rpc.ConfigureRequest) (*rpc.ConfigureResponse, error) {
	return &rpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (p *provider) Check(_ context.Context, r *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: r.News}, nil
}

func (p *provider) Diff(_ context.Context, r *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	if reflect.DeepEqual(r.OldInputs.AsMap(), r.News.AsMap()) {
		return &rpc.DiffResponse{Changes: rpc.DiffResponse_DIFF_NONE}, nil
	}
	return &rpc.DiffResponse{Changes: rpc.DiffResponse_DIFF_SOME}, nil
}

// made is an output that nobody said: "<resource>-<property>".
func (p *provider) made(name, key string, q property) *structpb.Value {
	switch q.Type {
	case "string":
		return structpb.NewStringValue(name + "-" + key)
	case "number", "integer":
		return structpb.NewNumberValue(7)
	case "boolean":
		return structpb.NewBoolValue(false)
	case "array":
		if q.Items == nil || q.Items.Ref == "" {
			return nil
		}
		item := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for inner := range p.schema.Types[strings.TrimPrefix(q.Items.Ref, "#/types/")].Properties {
			item.Fields[inner] = structpb.NewStringValue(name + "-" + inner)
		}
		one := structpb.NewStructValue(item)
		return structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{one, one, one, one}})
	}
	return nil
}

func (p *provider) outputs(urn, name string, inputs *structpb.Struct) *structpb.Struct {
	out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for key, value := range inputs.GetFields() {
		out.Fields[key] = value
	}
	types := strings.Split(strings.Split(urn, "::")[2], "$")
	for key, q := range p.schema.Resources[types[len(types)-1]].Properties {
		if value := p.made(name, key, q); value != nil && out.Fields[key] == nil {
			out.Fields[key] = value
		}
	}
	return out
}

func (p *provider) Create(_ context.Context, r *rpc.CreateRequest) (*rpc.CreateResponse, error) {
	if r.Preview {
		return &rpc.CreateResponse{Properties: r.Properties}, nil
	}
	name := r.Urn[strings.LastIndex(r.Urn, "::")+2:]
	return &rpc.CreateResponse{Id: name, Properties: p.outputs(r.Urn, name, r.Properties)}, nil
}

func (p *provider) Update(_ context.Context, r *rpc.UpdateRequest) (*rpc.UpdateResponse, error) {
	return &rpc.UpdateResponse{Properties: p.outputs(r.Urn, r.Id, r.News)}, nil
}

func (p *provider) Delete(context.Context, *rpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) Read(_ context.Context, r *rpc.ReadRequest) (*rpc.ReadResponse, error) {
	return &rpc.ReadResponse{Id: r.Id, Properties: r.Properties, Inputs: r.Inputs}, nil
}

func (p *provider) Invoke(_ context.Context, r *rpc.InvokeRequest) (*rpc.InvokeResponse, error) {
	out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for key, q := range p.schema.Functions[r.Tok].Outputs.Properties {
		if value := p.made("invoked", key, q); value != nil {
			out.Fields[key] = value
		}
	}
	return &rpc.InvokeResponse{Return: out}, nil
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func main() {
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "pulumi-resource-")
	text, err := os.ReadFile(filepath.Join(os.Getenv("ORACLE_SCHEMAS"), name+".json"))
	if err != nil {
		panic(err)
	}
	p := &provider{text: string(text)}
	if err := json.Unmarshal(text, &p.schema); err != nil {
		panic(err)
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		rpc.RegisterResourceProviderServer(s, p)
		return nil
	}})
	if err != nil {
		panic(err)
	}
	fmt.Println(handle.Port)
	<-handle.Done
}
