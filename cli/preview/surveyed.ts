/** The whole plan behind an answer: the machine's output has room for its summary only. */
import { describeError } from '../../functions/aws/error-codes.ts';
import { Picture } from '../../functions/aws/facts/picture.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Request } from '../../functions/edge/request.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { emptyMemory, surveyCluster } from '../../functions/flow/planning.ts';

/** A piece of the reading of a large cluster. */
const READ_SECONDS = 60;

/** Undefined where no plan can be made: the answer has said why. */
export async function surveyed(cluster: string, request: Request): Promise<Plan | undefined> {
  let picture = new Picture();
  try {
    for (;;) {
      const nowMs = Date.now();
      const planned = await surveyCluster(ledger(), cluster, request, emptyMemory('preview', nowMs), {
        load: async () => picture,
        save: async (read) => {
          picture = read;
        },
        untilMs: nowMs + READ_SECONDS * 1000,
      });
      if (planned !== undefined) return planned.plan;
    }
  } catch (error) {
    process.stderr.write(`plan: ${describeError(error)}\n`);
    return undefined;
  }
}
