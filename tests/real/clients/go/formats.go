package main

import (
	"encoding/base64"
	"encoding/json"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// format is what a serializer of one format does with plain values.
type format struct {
	encode func(map[string]any) ([]byte, error)
	decode func([]byte) (map[string]any, error)
}

var formats = map[sr.SchemaType]func(schema string, given told) (format, error){
	sr.TypeAvro:     avroFormat,
	sr.TypeJSON:     jsonFormat,
	sr.TypeProtobuf: protobufFormat,
}

func avroFormat(schema string, _ told) (format, error) {
	parsed, err := avro.Parse(schema)
	return format{
		encode: func(value map[string]any) ([]byte, error) {
			value["amount"] = int64(value["amount"].(float64))
			return avro.Marshal(parsed, value)
		},
		decode: func(raw []byte) (read map[string]any, err error) {
			err = avro.Unmarshal(parsed, raw, &read)
			return read, err
		},
	}, err
}

func jsonFormat(string, told) (format, error) {
	return format{
		encode: func(value map[string]any) ([]byte, error) { return json.Marshal(value) },
		decode: func(raw []byte) (read map[string]any, err error) {
			err = json.Unmarshal(raw, &read)
			return read, err
		},
	}, nil
}

func protobufFormat(_ string, given told) (format, error) {
	message, err := messageOf(given)
	if err != nil {
		return format{}, err
	}
	return format{
		encode: func(value map[string]any) ([]byte, error) {
			written := dynamicpb.NewMessage(message)
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			if err := protojson.Unmarshal(text, written); err != nil {
				return nil, err
			}
			return proto.Marshal(written)
		},
		decode: func(raw []byte) (read map[string]any, err error) {
			found := dynamicpb.NewMessage(message)
			if err := proto.Unmarshal(raw, found); err != nil {
				return nil, err
			}
			text, err := protojson.Marshal(found)
			if err != nil {
				return nil, err
			}
			err = json.Unmarshal(text, &read)
			return read, err
		},
	}, nil
}

// messageOf finds the message that protoc would have made a type of.
func messageOf(given told) (protoreflect.MessageDescriptor, error) {
	raw, err := base64.StdEncoding.DecodeString(given.Descriptors)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(given.Name))
	if err != nil {
		return nil, err
	}
	return found.(protoreflect.MessageDescriptor), nil
}
