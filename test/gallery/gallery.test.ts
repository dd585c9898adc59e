import { describe, expect, it } from 'vitest';
import { startOf } from '../../rehearsal/input.ts';
import { galleryPage, writtenPage } from './page.ts';
import { galleryFolders, readFolder } from './play.ts';

describe('the gallery', () => {
  it.each(galleryFolders())('%s has a story, a scenario that can be played, and readable parts', (folder) => {
    const { capture, scenario } = readFolder(folder);
    expect(startOf(capture, scenario, undefined)).toMatchObject({ ok: true });
  });

  it('is listed in docs/gallery.md (renew: node test/gallery/page.ts)', () => {
    expect(writtenPage()).toBe(galleryPage());
  });
});
