import { GetImageCommand, ImagebuilderClient } from '@aws-sdk/client-imagebuilder';
import { afterEach, describe, expect, it } from 'vitest';
import { BuiltImages } from '../../../simulator/image-builder/service.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

describe('Image Builder', () => {
  it('knows the builds of which captured images carry the tag', async () => {
    account = kernel();
    const arn = 'arn:aws:imagebuilder:eu-west-1:111122223333:image/golden/1.0.0/2';
    new BuiltImages({ registry: account.dispatcher, region: 'eu-west-1', accountId: '111122223333' }, [
      { ImageId: 'ami-1' },
      { ImageId: 'ami-2', Tags: [{ Key: 'Ec2ImageBuilderArn', Value: arn }] },
    ]);
    const client = new ImagebuilderClient({});
    account.dispatcher.attach(client, 'ImageBuilder');

    const answer = await account.finish(() =>
      client.send(new GetImageCommand({ imageBuildVersionArn: arn })),
    );

    expect(answer.image?.outputResources?.amis).toEqual([
      { region: 'eu-west-1', accountId: '111122223333', image: 'ami-2' },
    ]);
  });

  it('answers which AMIs an image gave, and nothing for an unknown one', async () => {
    account = kernel();
    const images = new BuiltImages(
      { registry: account.dispatcher, region: 'eu-west-1', accountId: '111122223333' },
      [],
    );
    const arn = 'arn:aws:imagebuilder:eu-west-1:111122223333:image/golden/1.0.0/1';
    images.set({ arn, outputResources: { amis: [{ region: 'eu-west-1', image: 'ami-1' }] } });
    const client = new ImagebuilderClient({});
    account.dispatcher.attach(client, 'ImageBuilder');
    const get = (imageBuildVersionArn: string) =>
      account.finish(() => client.send(new GetImageCommand({ imageBuildVersionArn })));
    expect((await get(arn)).image?.outputResources?.amis?.[0]?.image).toBe('ami-1');
    await expect(get(`${arn}0`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
