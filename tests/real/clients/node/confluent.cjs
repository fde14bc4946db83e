// The story of story.py, told with Confluent's own client for JavaScript.
const {
  AvroDeserializer,
  AvroSerializer,
  SchemaRegistryClient,
  SerdeType,
} = require("@confluentinc/schemaregistry");

async function main({ url, user, password, subject, topic, schema, broken, record }) {
  const client = new SchemaRegistryClient({
    baseURLs: [url],
    ...(user && {
      basicAuthCredentials: { credentialsSource: "USER_INFO", userInfo: `${user}:${password}` },
    }),
  });
  const info = { schema, schemaType: "AVRO" };
  const id = await client.register(subject, info);
  const found = await client.getIdFullResponse(subject, info);

  const serializer = new AvroSerializer(client, SerdeType.VALUE, { autoRegisterSchemas: false });
  serializer.conf.useLatestVersion = true;
  const message = await serializer.serialize(topic, record);
  const read = await new AvroDeserializer(client, SerdeType.VALUE, {}).deserialize(topic, message);

  const bad = { schema: broken, schemaType: "AVRO" };
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
