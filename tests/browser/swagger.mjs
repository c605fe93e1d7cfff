// What a developer does at /docs: Authorize by one of the ways, call an operation, read the answer.

// Gets a token and calls an operation with it; the answer as Swagger UI shows it.
export async function authorizeAndCall(context, { docs, scheme, fill = {}, scopes = [], person, screenshot, dialog }) {
  const page = await context.newPage();
  await page.goto(docs);
  if (scheme) await authorize(page, { scheme, fill, scopes, person, dialog });
  const operation = page.locator('.opblock', { has: page.locator('.opblock-summary-method', { hasText: 'GET' }) }).first();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table .response').first();
  const status = Number.parseInt(await answer.locator('.response-col_status').innerText(), 10);
  const body = JSON.parse(await answer.locator('.response-col_description .highlight-code code').first().innerText());
  if (screenshot) await operation.locator('.responses-inner > div').first().screenshot({ path: screenshot });
  return { status, body };
}

// The ways that the dialog offers, each with its scopes.
export async function offered(context, { docs }) {
  const page = await context.newPage();
  await page.goto(docs);
  await open(page);
  const ways = {};
  for (const way of await page.locator('.auth-container').all()) {
    const heading = await way.locator('h4').first().innerText();
    ways[heading.trim()] = await way.locator('.checkbox .name').allInnerTexts();
  }
  return { ways };
}

// Fails to get a token: the person cancels, or the issuer refuses; what the dialog says then.
export async function refused(context, { docs, scheme, fill = {}, cancel = false }) {
  const page = await context.newPage();
  await page.goto(docs);
  await open(page);
  const way = wayOf(page, scheme);
  for (const [label, value] of Object.entries(fill)) await way.getByLabel(label).first().fill(value);
  const button = way.locator('button.authorize');
  if (cancel) {
    const [popup] = await Promise.all([page.waitForEvent('popup'), button.click()]);
    await popup.getByRole('button', { name: 'Cancel' }).click();
  } else {
    await button.click();
  }
  return { told: await way.locator('.errors').first().innerText() };
}

async function authorize(page, { scheme, fill, scopes, person, dialog }) {
  await open(page);
  const way = wayOf(page, scheme);
  for (const [label, value] of Object.entries(fill)) await way.getByLabel(label).first().fill(value);
  for (const scope of scopes) await way.locator('.checkbox label', { hasText: scope }).locator('.item').click();
  if (dialog) await page.screenshot({ path: dialog });
  const button = way.locator('button.authorize');
  if (person) {
    const [popup] = await Promise.all([page.waitForEvent('popup'), button.click()]);
    const closed = popup.waitForEvent('close');
    await signIn(popup, person);
    await closed;
  } else {
    await button.click();
  }
  await way.locator('button', { hasText: 'Logout' }).waitFor();
  await way.locator('button.btn-done').click();
}

async function open(page) {
  await page.locator('.auth-wrapper .authorize').click();
  await page.locator('.auth-container').first().waitFor();
}

function wayOf(page, scheme) {
  return page.locator('.auth-container', { has: page.locator('h4', { hasText: new RegExp(`^\\s*${scheme}\\s`) }) });
}

async function signIn(popup, { user, at, screenshot }) {
  if (at === 'oidc-provider') {
    await popup.getByPlaceholder('Enter any login').fill(user);
    await popup.getByPlaceholder('and password').fill('any');
    await popup.getByRole('button', { name: 'Sign-in' }).click();
    await popup.getByRole('button', { name: 'Continue' }).click();
  } else {
    if (screenshot) await popup.screenshot({ path: screenshot });
    await popup.locator(`button[value="${user}"]`).click();
  }
}
