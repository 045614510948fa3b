import { createTheme, type MantineColorsTuple } from '@mantine/core';

const brass: MantineColorsTuple = [
  '#fdf6e7',
  '#f6e9cf',
  '#ead09e',
  '#deb669',
  '#d49f3d',
  '#ce9121',
  '#cb8a12',
  '#b37705',
  '#9f6900',
  '#8a5a00',
];

export const theme = createTheme({
  primaryColor: 'brass',
  primaryShade: 8,
  autoContrast: true,
  colors: { brass },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
});
