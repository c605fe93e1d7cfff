// The sign-in page by itself.

// Opens it and presses keys, such as Tab and Enter; where the browser is then.
export async function pressed(context, { url, keys }) {
  const page = await context.newPage();
  await page.goto(url);
  const heading = await page.locator('h1').innerText();
  await page.locator('button:focus').waitFor(); // autofocus comes after the page
  for (const key of keys.slice(0, -1)) await page.keyboard.press(key);
  await Promise.all([page.waitForURL((now) => now.href !== url), page.keyboard.press(keys.at(-1))]);
  return { heading, url: page.url() };
}

// Whether a page of another origin can show it in a frame.
export async function framed(context, { from, url }) {
  const page = await context.newPage();
  await page.goto(from);
  const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
  await page.evaluate((address) => {
    const frame = document.createElement('iframe');
    frame.src = address;
    document.body.append(frame);
  }, url);
  return { told: (await blocked).text() };
}

// What a script of another origin gets of it.
export async function fetched(context, { from, url }) {
  const page = await context.newPage();
  await page.goto(from);
  return page.evaluate(async (address) => {
    try {
      const answer = await fetch(address);
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      return { refused: String(error) };
    }
  }, url);
}

// Sends a form from a page of another origin, as a hostile site does; what the person sees then.
export async function posted(context, { from, url, fields }) {
  const page = await context.newPage();
  await page.goto(from);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.evaluate(({ address, values }) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action: address });
      for (const [name, value] of Object.entries(values)) {
        form.append(Object.assign(document.createElement('input'), { name, value }));
      }
      document.body.append(form);
      form.submit();
    }, { address: url, values: fields }),
  ]);
  await page.waitForLoadState();
  return { status: answer.status(), url: page.url(), text: await page.locator('body').innerText() };
}
