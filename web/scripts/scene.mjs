// A team in the middle of its day, for the screenshots.
import { person } from "../e2e/people.mjs";

export async function setScene(api) {
  const [ada, grace, lin, omar] = await Promise.all(
    ["Ada", "Grace", "Mei-Ling", "Omar"].map((name, i) =>
      person(api, name).then((p) => ({ ...p, index: i }))),
  );
  const everyone = [ada, grace, lin, omar];
  const channels = {};
  for (const name of ["general", "design", "releases", "random", "help-desk", "日常"]) {
    channels[name] = await ada.create(name);
    for (const other of everyone.slice(1)) await other.join(channels[name]);
  }
  await grace.create("book-club");
  await omar.create("on-call");
  const { general } = channels;

  await grace.say(general, "Morning! The staging build from last night is up. I went through the **checkout** flow twice, no surprises.");
  const question = await omar.say(general, "Nice. Did you try it on a slow phone? Last time the cart took *ages* there.");
  await omar.reply(question, "I can lend you the old test phone, it is in the top drawer.");
  await grace.reply(question, "Found it. 1.3 s to the first paint, so we are fine.");
  await ada.reply(question, "That is better than I hoped. Thanks, both!");
  await grace.say(general, "On the oldest one we have. Numbers:\n\n- first paint 1.3 s\n- cart ready 1.9 s\n- nothing moved while loading");
  await lin.say(general, "太好了！我下午會把新的翻譯放上去。");
  await lin.say(general, "The strings are in `i18n/zh-Hant.ts`, 12 of them changed.");
  await ada.say(general, "Then let us ship on Thursday. I will write the notes tonight.");
  await grace.say(general, "> ship on Thursday\n\nWorks for me. The only open point is the export, see https://example.org/issues/412");
  const last = await omar.say(general, "I will take the export. To reproduce:\n\n```\nparley backup /tmp/team.db\nparley verify --data /tmp/restored\n```");
  await grace.say(channels.design, "New empty states are in the file, have a look when you can.");
  await lin.say(channels.design, "They look calm. I like the second one.");
  for (let i = 0; i < 3; i++) await omar.say(channels["help-desk"], `Ticket ${118 + i} is waiting for an answer.`);
  await ada.read(general, last.seq);
  return { ada, grace, lin, omar, channels, question };
}
