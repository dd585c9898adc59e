/**
 * `docs/gallery.md`: the scenarios of `rehearsal/gallery`, made of their stories. `node test/gallery/page.ts` writes it
 * anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { galleryFolders, readFolder } from './play.ts';

const PAGE = new URL('../../docs/gallery.md', import.meta.url);

export function galleryPage(): string {
  const stories = galleryFolders().map((folder) => ({ folder, ...readFolder(folder) }));
  return [
    '# Gallery',
    '',
    'What can go wrong when hosts are replaced, one scenario each, to be played by anybody. The numbers are those of the list of what operators suffer, from which they come; what each shows is asserted of its log by `test/gallery`. Written by `node test/gallery/page.ts`.',
    '',
    ...stories.flatMap(({ folder, id, title, shows, outcome, hasCapture }) => [
      `## ${id} ${title}`,
      '',
      shows,
      '',
      `Outcome: \`${outcome}\`. The [whole story](../rehearsal/gallery/${folder}/story.md); play it:`,
      '',
      '```console',
      `$ ${commandOf(folder, hasCapture)}`,
      '```',
      '',
    ]),
  ].join('\n');
}

export function commandOf(folder: string, hasCapture: boolean): string {
  const at = `rehearsal/gallery/${folder}`;
  return `npx rollover rehearse --scenario ${at}/scenario.json${hasCapture ? ` --capture ${at}/capture.json` : ''}`;
}

export function writtenPage(): string {
  return readFileSync(PAGE, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, galleryPage());
