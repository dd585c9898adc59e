import { expect, it } from 'vitest';
import { emulatorPage, writtenPage } from './emulator/page.ts';

it('docs/emulator.md has the tables of the tier as they are (renew: node test/emulator/page.ts)', () => {
  expect(writtenPage()).toBe(emulatorPage());
});
