// The story of test_other_languages.py, told with the client that users of KafkaJS have. It asks for a subject's
// level before it registers, and sets it where there is none; it has no call to test a schema.
const { SchemaRegistry, SchemaType } = require("@kafkajs/confluent-schema-registry");

async function main({ url, user, password, subject, type, schema, broken, record }) {
  const access = { host: url, ...(user && { auth: { username: user, password } }) };
  const client = new SchemaRegistry(access);
  const written = { type: SchemaType[type], schema };
  const { id } = await client.register(written, { subject });
  const found = await client.getRegistryIdBySchema(subject, written);
  if (found !== id) throw new Error(`registered as ${id}, found as ${found}`);

  const message = await client.encode(await client.getLatestSchemaId(subject), record);
  // Another client, which has to ask what the number in the message means.
  const read = await new SchemaRegistry(access).decode(message);

  const refused = await client.register({ ...written, schema: broken }, { subject }).then(
    () => null,
    (error) => ({ status: error.status, code: null, message: error.message }),
  );
  return {
    id,
    version: null,
    level: null,
    message: message.toString("hex"),
    read,
    compatible: null,
    refused,
  };
}

let told = "";
process.stdin.on("data", (part) => (told += part));
process.stdin.on("end", async () => {
  console.log(JSON.stringify(await main(JSON.parse(told))));
});
