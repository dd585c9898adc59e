/** Systems Manager parameters that name images. */
import { GetParametersCommand, type Parameter, type SSMClient } from '@aws-sdk/client-ssm';
import { perBatch, unique } from './batches.ts';

/** AWS's limit per call (Systems Manager API reference, GetParameters). */
const GET_MAX = 10;

/**
 * Parameters by name, `name:version`, `name:label` or ARN, ten a call; keys are the names as asked for. One that does
 * not exist or may not be read comes back in `InvalidParameters` and is absent here.
 */
export async function readParameters(
  ssm: SSMClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, Parameter>> {
  const found = await perBatch(unique(names), GET_MAX, async (Names) => {
    const answer = await ssm.send(new GetParametersCommand({ Names }));
    return answer.Parameters ?? [];
  });
  const byName = new Map<string, Parameter>();
  for (const name of names) {
    const parameter = found.find((one) => answers(one, name));
    if (parameter) byName.set(name, parameter);
  }
  return byName;
}

/** AWS answers with the bare name, and the selector (`:3`, `:label`) in a field of its own. */
function answers(parameter: Parameter, asked: string): boolean {
  if (parameter.ARN === asked) return true;
  const name = parameter.Name ?? '';
  if (name === asked) return true;
  const selector = parameter.Selector ?? '';
  return selector !== '' && `${name}${selector.startsWith(':') ? selector : `:${selector}`}` === asked;
}
