import type { ModelVersion } from '@flyball/api';
import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { ModelDescriptionView } from '../tracking/model-description.tsx';
import { descriptionFile } from './read-version-facts.ts';

/** What the files of a version say that it takes and gives. */
export function VersionSignature({ version: { model, version, files } }: { version: ModelVersion }) {
  const file = descriptionFile(files);
  const query = useQuery({
    queryKey: ['models', model, version, 'description'],
    enabled: file !== undefined,
    queryFn: async () => {
      const answer = await server().getModelFile({ params: { model, version }, query: { path: file!.path } });
      return await (await answer.blob()).text();
    },
  });
  if (file === undefined) return null;
  return (
    <Stack gap="xs" mt="lg">
      <Title order={5}>As {file.path} says</Title>
      <QueryState query={query}>{(text) => <ModelDescriptionView text={text} />}</QueryState>
    </Stack>
  );
}
