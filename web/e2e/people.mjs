// People who use the API directly, to set a scene.
const PASSWORD = "correct horse 9";

export async function person(api, name) {
  const email = `${name.toLowerCase().replace(/\W/g, "")}@example.org`;
  const post = async (path, body, token) => {
    const response = await fetch(api + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const envelope = await response.json();
    if (envelope.status !== "success") throw new Error(`${path}: ${envelope.message}`);
    return envelope.data;
  };
  await post("/api/register", { username: name, email, password: PASSWORD });
  const { id, token } = await post("/api/login", { email, password: PASSWORD });
  return {
    id, name, email, token, password: PASSWORD,
    create: (channel) => post("/api/channel", { name: channel }, token),
    join: (channel) => post("/api/channel/join", { channel_id: channel.id }, token),
    say: (channel, content) => post("/api/message", { channel_id: channel.id, content }, token),
    reply: (message, content) =>
      post("/api/reply", { channel_id: message.channel_id, message_id: message.message_id, content }, token),
    async read(channel, seq) {
      await post("/api/channel/read", { channel_id: channel.id, seq }, token);
    },
  };
}

/** Logs a person in by the page itself. */
export async function logIn(page, url, who) {
  await page.goto(`${url}/login`);
  await page.getByLabel("Email").fill(who.email);
  await page.locator("input[name=password]").fill(who.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL((u) => !u.pathname.startsWith("/login"));
}
