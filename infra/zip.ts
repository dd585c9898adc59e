/**
 * A folder as a ZIP file, the same bytes for the same contents: no times, entries in the order of their names.
 * Source of the layout: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const MADE_ON_UNIX = (3 << 8) | VERSION;
const DEFLATED = 8;
/** 1 January 1980, the first day that the format knows. */
const NO_DATE = 0x21;
/** A plain file that everybody may read: Lambda runs the code as a user of its own. */
const READABLE_FILE = 0o100644 << 16;

/** The files of a folder without folders in it. */
export function zipOf(directory: string): Buffer {
  const names = readdirSync(directory).sort();
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const name of names) {
    const content = readFileSync(join(directory, name));
    const packed = deflateRawSync(content, { level: 9 });
    const common = commonHeader(crc32(content), packed.length, content.length, name);
    const local = Buffer.concat([uint32(LOCAL_HEADER), common, uint16(0), Buffer.from(name), packed]);
    central.push(
      Buffer.concat([
        uint32(CENTRAL_HEADER),
        uint16(MADE_ON_UNIX),
        common,
        // No extra field, no comment, first disk, no internal attributes.
        Buffer.alloc(8),
        uint32(READABLE_FILE >>> 0),
        uint32(offset),
        Buffer.from(name),
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(central);
  const end = Buffer.concat([
    uint32(END),
    Buffer.alloc(4),
    uint16(names.length),
    uint16(names.length),
    uint32(directoryBytes.length),
    uint32(offset),
    uint16(0),
  ]);
  return Buffer.concat([...parts, directoryBytes, end]);
}

/** What local header and central directory have in common, up to the length of the name. */
function commonHeader(checksum: number, packedBytes: number, bytes: number, name: string): Buffer {
  return Buffer.concat([
    uint16(VERSION),
    uint16(0),
    uint16(DEFLATED),
    uint16(0),
    uint16(NO_DATE),
    uint32(checksum),
    uint32(packedBytes),
    uint32(bytes),
    uint16(Buffer.byteLength(name)),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
