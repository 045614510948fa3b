import type { ModelVersion } from '@flyball/api';
import { Badge, Button, Group, Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go, linkTo, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { ReasonDialog } from '../../parts/reason-dialog.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { VersionEvidence } from '../governance/version-evidence.tsx';
import { VersionDeployments } from './version-deployments.tsx';
import { VersionEvaluations } from './version-evaluations.tsx';
import { VersionFiles, VersionInputs } from './version-files.tsx';
import { VersionGates } from './version-gates.tsx';
import { VersionSignature } from './version-signature.tsx';

function RollOut({ model, version }: { model: string; version: number }) {
  const [opened, setOpened] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const navigate = useNavigate();
  const endpoints = useQuery({
    queryKey: ['endpoints', 'of model', model],
    queryFn: () => server().listEndpoints({ query: { limit: 1000 } }),
    enabled: opened,
  });
  const names = endpoints.data?.items.filter((one) => one.model === model).map(({ name }) => name) ?? [];
  const endpoint = chosen ?? names[0] ?? null;
  const request = useChange(
    (reason: string) => server().requestPromotion({ body: { model, version, endpoint: endpoint ?? '', reason } }),
    {
      done: 'Asked for',
      stale: ['models', 'approvals', 'endpoints'],
      after: ({ state, endpoint: name }) =>
        void navigate(
          state === 'approved' ? linkTo(placeOf('endpoints', name), { tab: 'rollouts' }) : linkTo('/approvals'),
        ),
    },
  );
  return (
    <>
      <Button loading={request.isPending} onClick={() => setOpened(true)}>
        Roll out
      </Button>
      <ReasonDialog
        title={`Roll out ${model}@${version}`}
        opened={opened}
        onClose={() => setOpened(false)}
        optional
        choices={
          endpoint === null ? [] : [{ title: 'Ask for it', color: 'brass', run: (reason) => request.mutate(reason) }]
        }
      >
        <Text size="sm">
          The policy checks gates and scan; then it starts the endpoint’s rollout by itself, or asks a person.
        </Text>
        <Select
          label="Endpoint"
          allowDeselect={false}
          data={names}
          value={endpoint}
          onChange={setChosen}
          {...(endpoints.isSuccess && names.length === 0 ? { error: 'No endpoint serves this model' } : {})}
        />
      </ReasonDialog>
    </>
  );
}

function Origin({ version }: { version: ModelVersion }) {
  const { runId, dataset, description, source, stage, createdAt, createdBy } = version;
  return (
    <Facts
      facts={[
        ['Scan', <StateBadge key="scan" state={version.scan.verdict} />],
        [
          'Run',
          runId === null ? (
            '–'
          ) : (
            <Go key="run" to={placeOf('runs', runId)}>
              {runId}
            </Go>
          ),
        ],
        [
          'Trained on',
          dataset === null ? (
            '–'
          ) : (
            <Go key="dataset" to={placeOf('datasets', dataset.name)} search={{ version: dataset.version }}>
              {dataset.name}@{dataset.version}
            </Go>
          ),
        ],
        [
          'Registered',
          <span key="registered">
            <Moment at={createdAt} /> by {createdBy}
          </span>,
        ],
        ...(description === '' ? [] : [['Description', description] as const]),
        ...(source === '' ? [] : [['Source', source] as const]),
        ...(stage === 'None' ? [] : [['Stage', stage] as const]),
      ]}
    />
  );
}

function Details({ version: found }: { version: ModelVersion }) {
  const { model, version } = found;
  return (
    <>
      <Origin version={found} />
      <PageTabs
        tabs={[
          {
            value: 'evidence',
            title: 'Evidence',
            content: () => <VersionEvidence model={model} version={version} />,
          },
          {
            value: 'evaluations',
            title: 'Evaluations',
            content: () => <VersionEvaluations model={model} version={version} />,
          },
          { value: 'gates', title: 'Gates', content: () => <VersionGates model={model} version={version} /> },
          { value: 'files', title: 'Files and scan', content: () => <VersionFiles version={found} /> },
          {
            value: 'deployed',
            title: 'Deployed',
            content: () => <VersionDeployments model={model} version={version} />,
          },
          {
            value: 'inputs',
            title: 'Inputs',
            content: () => (
              <>
                <VersionInputs version={found} />
                <VersionSignature version={found} />
              </>
            ),
          },
        ]}
      />
    </>
  );
}

export function ModelVersionPage() {
  const { model, version: text } = useParams({ strict: false }) as { model: string; version: string };
  const version = Number(text);
  const query = useQuery({
    queryKey: ['models', model, version],
    queryFn: () => server().getModelVersion({ params: { model, version } }),
  });
  return (
    <Page
      title={
        <Group gap="xs">
          {model}@{text}
          {query.data?.aliases.map((alias) => (
            <Badge key={alias} tt="none">
              {alias}
            </Badge>
          ))}
        </Group>
      }
      crumbs={[
        { title: 'Models', to: '/models' },
        { title: model, to: placeOf('models', model) },
      ]}
      actions={
        <Group>
          <Button variant="default" component={Link} {...linkTo(placeOf('models', model, 'compare'), { b: version })}>
            Compare
          </Button>
          <Button
            variant="default"
            component={Link}
            {...linkTo('/lineage', { kind: 'model_version', id: `${model}@${text}` })}
          >
            Lineage
          </Button>
          {query.data === undefined ? null : <RollOut model={model} version={version} />}
        </Group>
      }
    >
      <QueryState query={query} height={400}>
        {(found) => <Details version={found} />}
      </QueryState>
    </Page>
  );
}
