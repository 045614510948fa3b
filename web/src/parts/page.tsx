import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export interface Crumb {
  readonly title: string;
  readonly to: string;
}

/** The frame of a page: where it is, what it is, and what can be done there. */
export function Page({
  title,
  crumbs = [],
  description,
  actions,
  children,
}: {
  title: ReactNode;
  crumbs?: readonly Crumb[];
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          {crumbs.length === 0 ? null : (
            <Breadcrumbs mb={4}>
              {crumbs.map(({ title: text, to }) => (
                <Anchor component={Link} to={to} key={to} size="sm">
                  {text}
                </Anchor>
              ))}
            </Breadcrumbs>
          )}
          <Title order={2}>{title}</Title>
          {description === undefined ? null : (
            <Text c="dimmed" size="sm" component="div">
              {description}
            </Text>
          )}
        </div>
        <div style={{ flexShrink: 0 }}>{actions}</div>
      </Group>
      {children}
    </Stack>
  );
}
