/** What the account has set of ECS. */
import { type ECSClient, ListAccountSettingsCommand, type SettingName } from '@aws-sdk/client-ecs';
import { isInvalid } from './error-codes.ts';

/**
 * The value in force; undefined where nobody set it, or where ECS does not know the setting (some are younger than some
 * Regions' software), so that nobody can have set it.
 */
export async function readAccountSetting(ecs: ECSClient, name: SettingName): Promise<string | undefined> {
  try {
    const { settings } = await ecs.send(new ListAccountSettingsCommand({ name, effectiveSettings: true }));
    return settings?.[0]?.value;
  } catch (error) {
    if (isInvalid(error)) return undefined;
    throw error;
  }
}
