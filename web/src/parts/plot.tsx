import { useComputedColorScheme } from '@mantine/core';
import { BarChart, CustomChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  ParallelComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { type ECharts, type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';

use([
  LineChart,
  BarChart,
  ScatterChart,
  ParallelChart,
  CustomChart,
  GridComponent,
  ParallelComponent,
  TooltipComponent,
  LegendComponent,
  DataZoomComponent,
  MarkLineComponent,
  MarkAreaComponent,
  VisualMapComponent,
  CanvasRenderer,
  SVGRenderer,
]);

export const palette = ['#d49f3d', '#4c8eda', '#40a070', '#c2559d', '#8a6fd1', '#e8743b', '#3aa6a6', '#999999'];

const backgroundOf = (chart: ECharts): string =>
  getComputedStyle(chart.getDom()).getPropertyValue('--mantine-color-body');

/** A chart as it is seen, in twice its size. */
export function pngOf(chart: ECharts): Blob {
  const url = chart.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: backgroundOf(chart) });
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: 'image/png' });
}

/** A chart as it is seen, drawn once more as shapes. */
export function svgOf(chart: ECharts): Blob {
  const size = { width: chart.getWidth(), height: chart.getHeight() };
  const copy = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    copy.setOption({ ...chart.getOption(), backgroundColor: backgroundOf(chart) });
    return new Blob([copy.renderToSVGString()], { type: 'image/svg+xml' });
  } finally {
    copy.dispose();
  }
}

/** Draws what the option says, at the width that there is. */
export function Plot({
  title,
  height,
  optionOf,
  onDrawn,
}: {
  title: string;
  height: number;
  optionOf: (dark: boolean) => EChartsCoreOption;
  /** For those who listen to the chart. */
  onDrawn?: (chart: ECharts) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const drawn = useRef<ECharts | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart = init(element);
    drawn.current = chart;
    const resize = new ResizeObserver(() => chart.resize());
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.dispose();
    };
  }, []);
  useEffect(() => {
    const chart = drawn.current;
    if (chart === null) return;
    chart.setOption(optionOf(dark), { replaceMerge: ['series', 'parallelAxis'] });
    onDrawn?.(chart);
  }, [optionOf, onDrawn, dark]);
  return <div ref={place} style={{ height }} role="img" aria-label={title} />;
}
