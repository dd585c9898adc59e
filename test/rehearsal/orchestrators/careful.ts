/** By hand and with care: all new hosts first, then one old host at a time, emptied, ended by id; all given back. */
import type { Hands } from '../support/rolled-account.ts';
import {
  drain,
  group,
  record,
  resize,
  resume,
  suspend,
  tell,
  terminate,
  untilEmpty,
  untilReady,
  untilSteady,
} from './moves.ts';

export async function careful(hands: Hands): Promise<void> {
  const { MinSize = 0, MaxSize = 0, DesiredCapacity = 0 } = await group(hands);
  await record(hands);
  await suspend(hands);
  const most = DesiredCapacity + hands.outdated.length;
  await resize(hands, { MaxSize: Math.max(MaxSize, most), MinSize: most, DesiredCapacity: most });
  await untilReady(hands, hands.outdated.length);
  let desired = most;
  for (const instanceId of hands.outdated) {
    await drain(hands, [instanceId]);
    await untilEmpty(hands, instanceId);
    await untilSteady(hands);
    desired--;
    await resize(hands, { MinSize: desired });
    await terminate(hands, instanceId, true);
  }
  await resize(hands, { MinSize, MaxSize });
  await resume(hands);
  await tell(hands, { outcome: 'SUCCEEDED' });
}
