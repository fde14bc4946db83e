// The story of test_other_languages.py, told with Confluent's own client for JavaScript.
const { create, createFileRegistry, createMutableRegistry } = require("@bufbuild/protobuf");
const { fromBinary, toJson } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const registry = require("@confluentinc/schemaregistry");

const SERDES = {
  AVRO: [registry.AvroSerializer, registry.AvroDeserializer],
  JSON: [registry.JsonSerializer, registry.JsonDeserializer],
  PROTOBUF: [registry.ProtobufSerializer, registry.ProtobufDeserializer],
};

// The record as the serializer wants it, what it is set up with, and the way back to plain values.
function prepared({ type, record, descriptors, name }) {
  if (type !== "PROTOBUF") return { value: record, conf: {}, plain: (read) => read };
  const files = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64"));
  const known = createMutableRegistry(createFileRegistry(files));
  const message = known.getMessage(name);
  return {
    value: create(message, record),
    conf: { registry: known },
    plain: (read) => toJson(message, create(message, read)),
  };
}

async function main(told) {
  const { url, user, password, subject, topic, type, schema, broken } = told;
  const client = new registry.SchemaRegistryClient({
    baseURLs: [url],
    ...(user && {
      basicAuthCredentials: { credentialsSource: "USER_INFO", userInfo: `${user}:${password}` },
    }),
  });
  const info = { schema, schemaType: type };
  const id = await client.register(subject, info);
  const found = await client.getIdFullResponse(subject, info);

  const [Serializer, Deserializer] = SERDES[type];
  const { value, conf, plain } = prepared(told);
  const where = registry.SerdeType.VALUE;
  const writer = new Serializer(client, where, { ...conf, autoRegisterSchemas: false });
  writer.conf.useLatestVersion = true;
  const message = await writer.serialize(topic, value);
  const read = plain(await new Deserializer(client, where, {}).deserialize(topic, message));

  const bad = { schema: broken, schemaType: type };
  const compatible = await client.testSubjectCompatibility(subject, bad);
  const refused = await client.register(subject, bad).then(
    () => null,
    (error) => ({ status: error.status, code: error.errorCode, message: error.message }),
  );
  return {
    id,
    version: found.version,
    level: await client.getDefaultCompatibility(),
    message: message.toString("hex"),
    read,
    compatible,
    refused,
  };
}

let told = "";
process.stdin.on("data", (part) => (told += part));
process.stdin.on("end", async () => {
  console.log(JSON.stringify(await main(JSON.parse(told))));
});
