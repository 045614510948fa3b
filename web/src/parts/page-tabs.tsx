import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAddress } from './use-address.ts';

export interface PageTab {
  readonly value: string;
  readonly title: string;
  readonly content: () => ReactNode;
}

/** Tabs of a page; the address holds the open one, and only that one is drawn. */
export function PageTabs({ tabs }: { tabs: readonly [PageTab, ...PageTab[]] }) {
  const [{ tab = tabs[0].value }, set] = useAddress<{ tab?: string; pages?: string[] }>();
  return (
    <Tabs value={tab} onChange={(value) => set({ tab: value ?? undefined, pages: undefined })} keepMounted={false}>
      <Tabs.List mb="md">
        {tabs.map(({ value, title }) => (
          <Tabs.Tab key={value} value={value}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ value, content }) => (
        <Tabs.Panel key={value} value={value}>
          {value === tab ? content() : null}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
