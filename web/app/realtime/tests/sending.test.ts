/* A flaky network and a moody server: what was composed is stored exactly once, in order, and all
 * clients end with the same lists. */
import { describe, expect, it } from "vitest";
import { open, stateOf, textsOf, type Bench } from "./bench.js";
import { FakeServer, NO_FAULTS } from "./fakeServer.js";
import { seeds } from "./random.js";
import { World } from "./world.js";

const CHANNELS = ["c-1", "c-2"];
const USERS = ["ann", "ben", "cem"].map((name) => ({ id: `u-${name}`, name }));

interface Play {
  readonly world: World;
  readonly server: FakeServer;
  readonly benches: Bench[];
  readonly composed: { user: string; channel: string; text: string }[];
}

function begin(seed: number): Play {
  const world = new World(seed);
  const server = new FakeServer(world, CHANNELS);
  const benches = USERS.map((user) => open(server, user));
  return { world, server, benches, composed: [] };
}

function compose(play: Play, at: number): void {
  const { random } = play.world;
  const channel = random.pick(CHANNELS);
  const user = USERS[at]!;
  const text = `${user.name} ${play.composed.length}`;
  const parents = stateOf(play.benches[at]!).channels[channel]?.messages ?? [];
  const isReply = parents.length > 0 && random.chance(0.3);
  const options = isReply ? { parentId: random.pick(parents).id } : {};
  play.benches[at]!.client.send(channel, text, options);
  play.composed.push({ user: user.id, channel, text });
}

function disturb(play: Play): void {
  const { world, server, benches } = play;
  const { random } = world;
  const sessions = [...server.sessions];
  const dice = random.below(12);
  if (dice < 3 && sessions.length > 0) server.cut([random.pick(sessions)], 1006);
  else if (dice < 5 && sessions.length > 0) server.cut([random.pick(sessions)], null);
  else if (dice === 5) server.cut(sessions, 1012, '{"retry_after_ms":500}');
  else if (dice === 6 && sessions.length > 0) server.cut([random.pick(sessions)], 4008);
  else if (dice === 7) server.isDown = !server.isDown;
  else if (dice === 8) {
    const at = random.below(benches.length);
    const { store } = benches[at]!;
    benches[at]!.crash();
    benches[at] = open(server, USERS[at]!, { store });
    benches[at]!.client.openChannel(random.pick(CHANNELS));
  } else if (dice === 9) benches[random.below(benches.length)]!.client.retryNow();
}

async function heal(play: Play): Promise<void> {
  const { world, server, benches } = play;
  server.faults = NO_FAULTS;
  server.isDown = false;
  await world.until("the outboxes are empty", () => {
    return benches.every((b) => stateOf(b).connection.status === "online" && stateOf(b).outbox.length === 0);
  });
  for (const { client } of benches) for (const id of CHANNELS) client.openChannel(id);
  await world.pass(60_000);
  for (const bench of benches) {
    for (const id of CHANNELS) {
      for (let n = 0; n < 50; n += 1) {
        const channel = stateOf(bench).channels[id]!;
        if (channel.ranges.length > 1) await turn(play, bench.client.fillGap(id, channel.ranges[0]!.to));
        else if (channel.hasOlder) await turn(play, bench.client.loadOlder(id));
        else break;
      }
    }
  }
}

async function turn(play: Play, loading: Promise<unknown>): Promise<void> {
  let isDone = false;
  void loading.then(() => (isDone = true));
  await play.world.until("a page", () => isDone, 10_000);
}

describe("sending over a flaky network", () => {
  it.each(seeds(60))("stores each message once, in order, for all to see (seed %i)", async (seed) => {
    const play = begin(seed);
    const { world, server, benches, composed } = play;
    server.faults = {
      refuse: world.random.pick([0, 0.1, 0.3]),
      dropRequest: world.random.pick([0, 0.3]),
      notRecovered: world.random.pick([0, 0.3]),
      replayMax: world.random.pick([3, 20, 1000]),
      latencyMs: world.random.pick([5, 50, 400]),
    };
    for (const { client } of benches) client.openChannel(world.random.pick(CHANNELS));
    for (let n = 0; n < 120; n += 1) {
      await world.pass(world.random.below(700));
      compose(play, world.random.below(benches.length));
      if (world.random.chance(0.25)) disturb(play);
    }
    await heal(play);

    for (const id of CHANNELS) {
      const log = server.log(id);
      for (const user of USERS) {
        const stored = log.filter((p) => p.user_id === user.id).map((p) => p.content);
        const sent = composed.filter((c) => c.user === user.id && c.channel === id);
        expect(stored).toEqual(sent.map((c) => c.text));
      }
      const messages = log.filter((p) => p.reply_id === undefined).map((p) => p.content);
      for (const bench of benches) expect(textsOf(bench, id)).toEqual(messages);
    }
    for (const bench of benches) expect(await bench.store.entries()).toEqual([]);
  });

  it.each(seeds(30))("tells a bot of each post once (seed %i)", async (seed) => {
    const play = begin(seed);
    const { world, server, benches } = play;
    const bot = open(server, { id: "u-bot", name: "bot" }, { catchUpAll: true });
    const heard: string[] = [];
    bot.client.onPost((post) => heard.push(post.text));
    await world.until("the bot is there", () => stateOf(bot).connection.status === "online");
    server.faults = { ...NO_FAULTS, notRecovered: 0.4, replayMax: 5, dropRequest: 0.5 };
    for (let n = 0; n < 80; n += 1) {
      await world.pass(world.random.below(500));
      compose(play, world.random.below(benches.length));
      if (world.random.chance(0.3)) disturb(play);
    }
    await heal(play);
    const all = CHANNELS.flatMap((id) => server.log(id).map((p) => p.content));
    await world.until("the bot has caught up", () => heard.length >= all.length);
    expect([...heard].sort()).toEqual([...all].sort());
  });
});
