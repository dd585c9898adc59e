/** By hand and with care: all new hosts first, then one old host at a time, emptied, ended by id; all given back. */
import type { Hands } from '../support/rolled-account.ts';
import {
  drain,
  group,
  record,
  resize,
  resume,
  type Sizes,
  suspend,
  tell,
  terminate,
  untilEmpty,
  untilReady,
  untilSteady,
} from './moves.ts';

export async function careful(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) await retire(hands, instanceId);
  await giveBack(hands, before);
  await tell(hands, { outcome: 'SUCCEEDED' });
}

/** Right where everything may move at once: all hosts drain together, each ends when it is empty. */
export async function swift(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  await drain(hands, hands.outdated);
  await Promise.all(hands.outdated.map((instanceId) => untilEmpty(hands, instanceId)));
  await resize(hands, { MinSize: before.MinSize });
  for (const instanceId of hands.outdated) await terminate(hands, instanceId, true);
  await giveBack(hands, before);
  await tell(hands, { outcome: 'SUCCEEDED' });
}

/** As many new hosts as there are outdated ones, ready. Answers the sizes from before. */
export async function bringCapacity(hands: Hands): Promise<Required<Sizes>> {
  const { MinSize = 0, MaxSize = 0, DesiredCapacity = 0 } = await group(hands);
  await record(hands);
  await suspend(hands);
  const most = DesiredCapacity + hands.outdated.length;
  await resize(hands, { MaxSize: Math.max(MaxSize, most), MinSize: most, DesiredCapacity: most });
  await untilReady(hands, hands.outdated.length);
  return { MinSize, MaxSize, DesiredCapacity };
}

/** Empties a host and ends it; the group has one less. */
export async function retire(hands: Hands, instanceId: string): Promise<void> {
  await drain(hands, [instanceId]);
  await untilEmpty(hands, instanceId);
  await untilSteady(hands);
  await endOne(hands, instanceId);
}

export async function endOne(hands: Hands, instanceId: string): Promise<void> {
  const { DesiredCapacity = 0 } = await group(hands);
  await resize(hands, { MinSize: DesiredCapacity - 1 });
  await terminate(hands, instanceId, true);
}

export async function giveBack(hands: Hands, { MinSize, MaxSize }: Sizes): Promise<void> {
  await resize(hands, {
    ...(MinSize !== undefined && { MinSize }),
    ...(MaxSize !== undefined && { MaxSize }),
  });
  await resume(hands);
}
