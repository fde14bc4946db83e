// The story of test_other_languages.py, told with franz-go's client of schema registries.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/twmb/franz-go/pkg/sr"
)

type told struct {
	URL, User, Password     string
	Subject, Schema, Broken string
	Type                    sr.SchemaType
	Descriptors, Name       string
	Record                  map[string]any
}

type refusal struct {
	Status  int    `json:"status"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type seen struct {
	ID         int            `json:"id"`
	Version    int            `json:"version"`
	Level      string         `json:"level"`
	Message    string         `json:"message"`
	Read       map[string]any `json:"read"`
	Compatible bool           `json:"compatible"`
	Refused    *refusal       `json:"refused"`
}

func main() {
	var given told
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	found, err := tell(context.Background(), given)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func tell(ctx context.Context, given told) (seen, error) {
	options := []sr.ClientOpt{sr.URLs(given.URL)}
	if given.User != "" {
		options = append(options, sr.BasicAuth(given.User, given.Password))
	}
	client, err := sr.NewClient(options...)
	if err != nil {
		return seen{}, err
	}
	written := sr.Schema{Schema: given.Schema, Type: given.Type}
	created, err := client.CreateSchema(ctx, given.Subject, written)
	if err != nil {
		return seen{}, fmt.Errorf("register: %w", err)
	}
	found, err := client.LookupSchema(ctx, given.Subject, written)
	if err != nil {
		return seen{}, fmt.Errorf("look up: %w", err)
	}
	if found.ID != created.ID {
		return seen{}, fmt.Errorf("registered as %d, found as %d", created.ID, found.ID)
	}

	message, read, err := thereAndBack(ctx, client, found.ID, given)
	if err != nil {
		return seen{}, err
	}

	level := client.Compatibility(ctx)[0]
	if level.Err != nil {
		return seen{}, fmt.Errorf("level: %w", level.Err)
	}
	broken := sr.Schema{Schema: given.Broken, Type: given.Type}
	checked, err := client.CheckCompatibility(ctx, given.Subject, -1, broken)
	if err != nil {
		return seen{}, fmt.Errorf("check: %w", err)
	}
	refused, err := refusedWith(client.CreateSchema(ctx, given.Subject, broken))
	if err != nil {
		return seen{}, err
	}
	return seen{
		ID:         found.ID,
		Version:    found.Version,
		Level:      level.Level.String(),
		Message:    hex.EncodeToString(message),
		Read:       read,
		Compatible: checked.Is,
		Refused:    refused,
	}, nil
}

// thereAndBack writes the record as the registry has its schema, and reads the message again.
func thereAndBack(
	ctx context.Context, client *sr.Client, id int, given told,
) ([]byte, map[string]any, error) {
	stored, err := client.SchemaByID(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("by id: %w", err)
	}
	format, err := formats[given.Type](stored.Schema, given)
	if err != nil {
		return nil, nil, err
	}
	var serde sr.Serde
	options := []sr.EncodingOpt{
		sr.EncodeFn(func(value any) ([]byte, error) { return format.encode(value.(map[string]any)) }),
		sr.DecodeFn(func(raw []byte, into any) error {
			read, err := format.decode(raw)
			*into.(*map[string]any) = read
			return err
		}),
	}
	if given.Type == sr.TypeProtobuf {
		options = append(options, sr.Index(0))
	}
	serde.Register(id, map[string]any{}, options...)
	message, err := serde.Encode(given.Record)
	if err != nil {
		return nil, nil, fmt.Errorf("encode: %w", err)
	}
	var read map[string]any
	if err := serde.Decode(message, &read); err != nil {
		return nil, nil, fmt.Errorf("decode: %w", err)
	}
	return message, read, nil
}

func refusedWith(_ sr.SubjectSchema, err error) (*refusal, error) {
	if err == nil {
		return nil, nil
	}
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return nil, err
	}
	return &refusal{answer.StatusCode, answer.ErrorCode, answer.Message}, nil
}
