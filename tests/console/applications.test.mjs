// Applications in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOSTILE } from './support/fill.mjs';
import { hear, inspect, REFUSED, row, stage } from './support/walk.mjs';

describe('Applications', () => {
  const scene = stage(async (server) => {
    for (const name of HOSTILE) await server.query('mutation ($input: CreateApplicationInput!) { createApplication(input: $input) { application { id } } }', { input: { name, description: name } });
  });

  it('are listed, made, changed and deleted', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await visitor.goto('/console/applications');
    for (const name of HOSTILE) await row(page, name).waitFor();
    await inspect(visitor, 'applications');
    await page.getByRole('button', { name: 'Add Application' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add Application' });
    await dialog.getByLabel('Name', { exact: true }).fill(' ');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByLabel('Name', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor();
    await visitor.assertAccessible();
    await dialog.getByLabel('Name', { exact: true }).fill('Billing');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Billing is saved.');
    await row(page, 'Billing').getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByLabel('Description').fill('Invoices');
    await page.getByRole('button', { name: 'Submit' }).click();
    await row(page, 'Billing').getByText('Invoices').waitFor();
    await page.getByRole('button', { name: 'Add Application' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('description');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'description is saved.');
    await page.getByRole('button', { name: 'Add Application' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('description');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByLabel('Name', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor(); // whatever the name that is taken says
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard', exact: true }).click();
    await row(page, 'Billing').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alertdialog', { name: 'Delete Billing?' }).getByRole('button', { name: 'Delete' }).click();
    await hear(page, 'Billing is deleted.');
    assert.equal((await server.error('{ applicationByName(name: "Billing") { id } }')).code, 'NOT_FOUND');
    visitor.assertQuiet();
    await visitor.close();
  });
});
