import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconChartHistogram,
  IconCheckbox,
  IconCube,
  IconDatabase,
  IconFlask,
  IconGauge,
  IconHierarchy,
  IconHistory,
  IconMoon,
  IconPlugConnected,
  IconRefresh,
  IconSettings,
  IconSun,
  IconTable,
  IconTimeline,
  IconTopologyRing,
} from '@tabler/icons-react';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useLiveEvents } from './live-events.ts';
import { pathPrefix } from './path-prefix.ts';
import { storedProject } from './server.ts';

const places = [
  { to: '/', title: 'Overview', icon: IconTopologyRing },
  { to: '/datasets', title: 'Datasets', icon: IconDatabase },
  { to: '/features', title: 'Features', icon: IconTable },
  { to: '/runs', title: 'Runs', icon: IconFlask },
  { to: '/traces', title: 'Traces', icon: IconTimeline },
  { to: '/models', title: 'Models', icon: IconCube },
  { to: '/approvals', title: 'Approvals', icon: IconCheckbox },
  { to: '/pipelines', title: 'Pipelines', icon: IconRefresh },
  { to: '/endpoints', title: 'Endpoints', icon: IconPlugConnected },
  { to: '/monitors', title: 'Monitors', icon: IconChartHistogram },
  { to: '/incidents', title: 'Incidents', icon: IconAlertTriangle },
  { to: '/lineage', title: 'Lineage', icon: IconHierarchy },
  { to: '/audit', title: 'Audit', icon: IconHistory },
  { to: '/settings', title: 'Settings', icon: IconSettings },
] as const;

function SchemeSwitch() {
  const { toggleColorScheme } = useMantineColorScheme();
  const colorScheme = useComputedColorScheme('light');
  const label = colorScheme === 'dark' ? 'Light colours' : 'Dark colours';
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" aria-label={label} onClick={toggleColorScheme}>
        {colorScheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

const pagesRoot = `${pathPrefix}/ui`;

const isActive = (path: string, to: string): boolean => (to === '/' ? path === '/' : path.startsWith(to));

/** The frame around every page: where one can go, and which project this is. */
export function AppFrame() {
  useLiveEvents();
  const [opened, { toggle, close }] = useDisclosure();
  const place = useRouterState({ select: ({ location }) => location.pathname });
  const path = (place.startsWith(pagesRoot) ? place.slice(pagesRoot.length) : place) || '/';
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between">
          <Group gap="xs">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <IconGauge size={22} />
            <Text fw={700}>Flyball</Text>
            <Text c="dimmed" size="sm">
              {storedProject.get()}
            </Text>
          </Group>
          <SchemeSwitch />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <ScrollArea>
          {places.map(({ to, title, icon: Icon }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={title}
              leftSection={<Icon size={18} />}
              active={isActive(path, to)}
              onClick={close}
            />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}
