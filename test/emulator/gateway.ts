/**
 * What the SDK clients reach as `AWS_ENDPOINT_URL`: hands each request to the emulator as it came, byte for byte, and
 * notes which action of which service was asked for, by IAM's names, read from the wire and not from our code. Operations
 * that the emulator does not have (`lacking.ts`) are answered here with AWS's answer for "there is none of that".
 *
 * Started by `startGateway` on a free port of loopback; ends by `close`, or with the process.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LACKING } from './lacking.ts';

export interface Gateway {
  readonly url: string;
  /** `ecs:DescribeTasks`, in the order of arrival; emptied by whoever has read them. */
  readonly actions: string[];
  close(): Promise<void>;
}

/** IAM's name of a service whose requests are signed for another one. Source: the service authorization reference. */
const IAM_PREFIX: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

export async function startGateway(emulatorUrl: string): Promise<Gateway> {
  const actions: string[] = [];
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing).catch((error: unknown) => outgoing.writeHead(502).end(String(error)));
  });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const action = actionOf(incoming, body);
    if (action !== undefined) actions.push(action);
    const lacking = LACKING.find((one) => one.action === action);
    if (lacking !== undefined) {
      outgoing.writeHead(200, { 'content-type': lacking.contentType }).end(lacking.answer);
      return;
    }
    const { hostname, port } = new URL(emulatorUrl);
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    actions,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/**
 * The action as each protocol of AWS writes it: JSON in a header, query in the body, RPC v2 in the path; REST only as far as
 * somebody here uses it. Undefined for what is no call of AWS, the emulator's own pages.
 */
function actionOf({ headers, url = '' }: IncomingMessage, body: Buffer): string | undefined {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1];
  if (service === undefined) return undefined;
  const target = headers['x-amz-target'];
  const name =
    (typeof target === 'string' ? target.split('.').at(-1) : undefined) ??
    /\/operation\/(\w+)$/.exec(url)?.[1] ??
    (headers['content-type']?.includes('x-www-form-urlencoded') &&
      new URLSearchParams(body.toString()).get('Action')) ??
    /^\/(\w+)/.exec(url)?.[1];
  return `${IAM_PREFIX[service] ?? service}:${name || 'unknown'}`;
}
