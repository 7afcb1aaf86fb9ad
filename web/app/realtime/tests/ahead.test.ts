/* What the page asked for before the client ran. */
import { describe, expect, it } from "vitest";
import { timeline } from "../selectors.js";
import { open, stateOf, textsOf } from "./bench.js";
import { fakeFetch } from "./fakeHttp.js";
import { FakeServer } from "./fakeServer.js";
import { World } from "./world.js";

const ANN = { id: "u-ann", name: "ann" };
const BEN = { id: "u-ben", name: "ben" };

function begin(posts: number) {
  const world = new World(11);
  const server = new FakeServer(world, ["c-1"]);
  const texts: string[] = [];
  const say = (n: number): void => {
    for (let i = 0; i < n; i += 1) {
      texts.push(`text ${texts.length}`);
      const { post } = server.append(BEN, "c-1", texts.at(-1)!, null, null);
      for (const session of server.sessions) session.push(post);
    }
  };
  say(posts);
  const fetch = fakeFetch(server, ANN.id);
  const get = async (path: string): Promise<string> => (await fetch(path, {})).text();
  const ask = () => {
    const channels = get("/api/user/channel");
    return { channelId: "c-1", channels, page: channels.then(() => get("/api/message?channel_id=c-1&limit=50")) };
  };
  return { world, server, texts, say, ask };
}

describe("answers asked for ahead", () => {
  it("are shown without being asked for again, before the connection is there", async () => {
    const { world, texts, ask, server } = begin(60);
    const ahead = ask();
    await world.pass(200);
    server.isDown = true;
    const bench = open(server, ANN, { ahead: Promise.resolve(ahead) });
    await world.pass(10);
    expect(textsOf(bench, "c-1")).toEqual(texts.slice(-50));
  });

  it.each([0, 5, 500])("hide nothing that came since: they are %i ms late", async (late) => {
    const { world, server, texts, say, ask } = begin(40);
    const asked = ask();
    await world.pass(200);
    const delay = (text: Promise<string>): Promise<string> =>
      new Promise((done) => void world.after(late, () => done(text)));
    say(3);
    const ahead = { ...asked, channels: delay(asked.channels), page: delay(asked.page) };
    const bench = open(server, ANN, { ahead: Promise.resolve(ahead) });
    await world.pass(late + 20);
    say(2);
    bench.client.openChannel("c-1");
    await world.pass(2_000);
    expect(textsOf(bench, "c-1")).toEqual(texts);
    expect(timeline(stateOf(bench), "c-1").filter((i) => i.kind === "gap")).toEqual([]);
  });

  it.each(["", "{", `{"status":"fail","message":"no","data":null}`, `{"status":"success","data":7}`])(
    "are asked for anew when they are %j",
    async (text) => {
      const { world, server, texts } = begin(7);
      const bad = Promise.resolve(text);
      const ahead = Promise.resolve({ channelId: "c-1", channels: bad, page: bad });
      const bench = open(server, ANN, { ahead });
      bench.client.openChannel("c-1");
      await world.pass(2_000);
      bench.client.openChannel("c-1");
      await world.pass(2_000);
      expect(textsOf(bench, "c-1")).toEqual(texts);
    },
  );
});
