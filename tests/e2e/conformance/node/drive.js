// The official Node package drives every conference method against the sandbox.
//
//   node drive.js SANDBOX_URL AUTH_ID AUTH_TOKEN
//
// The package has its addresses built in: the only thing replaced is where its HTTP goes.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [sandbox, authId, authToken] = process.argv.slice(2);
const load = createRequire(import.meta.url);
const plivo = load("plivo");
const axios = load(load.resolve("axios", { paths: [load.resolve("plivo")] }));
const send = axios.getAdapter("http");
axios.defaults.adapter = (request) =>
  send({ ...request, url: request.url.replace("https://api.plivo.com", sandbox) });

const control = async (path, wanted) => {
  const answer = await fetch(`${sandbox}/sandbox/${path}`, {
    method: wanted ? "POST" : "GET",
    body: wanted && JSON.stringify(wanted),
    headers: { "Content-Type": "application/json" },
  });
  return answer.json();
};

const members = async (name) => {
  const { conferences } = await control("state");
  return conferences.find((one) => one.name === name)?.members ?? [];
};

const enter = async (name) => {
  const before = (await members(name)).length;
  await control("calls", { conference: name, attributes: {} });
  while ((await members(name)).length === before) await new Promise((done) => setTimeout(done, 5));
};

const { conferences } = new plivo.Client(authId, authToken);
const room = "My Room";
await enter(room);
await enter(room);
const ids = (await members(room)).map((member) => member.id);

const listed = await conferences.list();
assert.deepEqual(listed.conferences, [room]);
const shown = await conferences.get(room);
assert.equal(shown.conferenceName, room);
assert.equal(shown.conferenceMemberCount, "2");

for (const id of [ids[0], ids.join(","), "all"]) {
  const muted = await conferences.muteMember(room, id);
  assert.equal(muted.message, "muted");
  assert.deepEqual(muted.memberId, id.split(","));
  await conferences.unmuteMember(room, id);
  assert.equal((await conferences.deafMember(room, id)).message, "deaf");
  await conferences.undeafMember(room, id);
  const spoken = await conferences.speakTextToMember(room, id, "Hello", { voice: "MAN", language: "en-GB" });
  assert.equal(spoken.message, "speak queued into conference");
  await conferences.stopSpeakingTextToMember(room, id);
  const played = await conferences.playAudioToMember(room, id, "https://cdn.example.com/a.mp3");
  assert.equal(played.message, "play queued into conference");
  await conferences.stopPlayingAudioToMember(room, id);
}

const recording = await conferences.record(room, { fileFormat: "wav" });
assert.equal(recording.message, "conference recording started");
assert.ok(recording.url.endsWith(`${recording.recordingId}.wav`));
await conferences.stopRecording(room);

assert.equal((await conferences.kickMember(room, ids[0])).message, "kicked");
await conferences.hangupMember(room, ids[1]);
assert.deepEqual((await conferences.list()).conferences, []);

await enter("one");
await enter("two");
await conferences.hangup("one");
assert.deepEqual((await conferences.list()).conferences, ["two"]);
await conferences.hangupAll();
assert.deepEqual((await conferences.list()).conferences, []);

await assert.rejects(conferences.get("nobody"), { status: 404, message: "conference not found" });
await assert.rejects(new plivo.Client(authId, "wrong").conferences.list(), { status: 401 });
console.log("every conference method answered as expected");
