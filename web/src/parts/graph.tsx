import dagre from '@dagrejs/dagre';
import { useComputedColorScheme } from '@mantine/core';
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  Position,
  ReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import './graph.css';
import { type KeyboardEvent, type ReactNode, useMemo } from 'react';

export interface GraphNode {
  readonly id: string;
  /** What a screen reader calls it. */
  readonly name: string;
  readonly label: ReactNode;
  readonly width?: number;
  readonly height?: number;
  readonly colour?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
}

type BoxData = { label: ReactNode; colour: string | undefined };

const colourOf = ({ data }: { data: BoxData }): string => data.colour ?? 'gray';

function Box({ data }: { data: BoxData }) {
  return (
    <div
      style={{
        border: `2px solid ${data.colour ?? 'var(--mantine-color-default-border)'}`,
        borderRadius: 8,
        background: 'var(--mantine-color-body)',
        color: 'var(--mantine-color-text)',
        padding: '6px 10px',
        fontSize: 12,
        height: '100%',
        overflow: 'hidden',
      }}
    >
      <Handle type="target" position={Position.Left} style={{ opacity: 0 }} />
      {data.label}
      <Handle type="source" position={Position.Right} style={{ opacity: 0 }} />
    </div>
  );
}

/** Smaller than this, nobody can read the nodes: the map shows the rest. */
const READABLE = 0.6;
const MANY_NODES = 25;

const nodeTypes = { box: Box };
const size = ({ width = 190, height = 56 }: GraphNode) => ({ width, height });

function layOut(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Node<BoxData>[] {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 44 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, size(node));
  for (const { from, to } of edges) if (graph.hasNode(from) && graph.hasNode(to)) graph.setEdge(from, to);
  dagre.layout(graph);
  return nodes.map((node) => {
    const { x, y } = graph.node(node.id);
    const { width, height } = size(node);
    return {
      id: node.id,
      type: 'box',
      position: { x: x - width / 2, y: y - height / 2 },
      data: { label: node.label, colour: node.colour },
      width,
      height,
      draggable: false,
      ariaRole: 'button',
      ariaLabel: node.name,
    };
  });
}

const hints = {
  'node.a11yDescription.default': 'Press enter or space to open it.',
  'node.a11yDescription.keyboardDisabled': 'Press enter or space to open it.',
};

/** The node that has the focus when enter or space is pressed. */
function pressedNode({ key, target }: KeyboardEvent): string | undefined {
  const isPressed = (key === 'Enter' || key === ' ') && target instanceof HTMLElement;
  return isPressed && target.matches('.react-flow__node') ? target.dataset['id'] : undefined;
}

/** The first node and its neighbours: where one begins to look at a graph that does not fit. */
function firstOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): { id: string }[] {
  const first = nodes[0]?.id;
  const near = edges.flatMap(({ from, to }) => (from === first ? [to] : to === first ? [from] : []));
  return [...new Set([first, ...near])].flatMap((id) => (id === undefined ? [] : [{ id }]));
}

/** A directed graph, laid out from left to right; its nodes are buttons for mouse and keyboard. */
export function Graph({
  nodes,
  edges,
  height = 420,
  onNode,
}: {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  height?: number;
  onNode?: (id: string) => void;
}) {
  const scheme = useComputedColorScheme('light');
  const placed = useMemo(() => layOut(nodes, edges), [nodes, edges]);
  const isLarge = nodes.length > MANY_NODES;
  const lines: Edge[] = edges.map(({ from, to, label }) => ({
    id: `${from}→${to}→${label ?? ''}`,
    source: from,
    target: to,
    ...(label === undefined || isLarge ? {} : { label }),
    style: { stroke: 'var(--mantine-color-dimmed)' },
    markerEnd: { type: MarkerType.ArrowClosed, color: 'var(--mantine-color-dimmed)' },
  }));
  const press = (event: KeyboardEvent): void => {
    const id = pressedNode(event);
    if (id === undefined) return;
    event.preventDefault();
    onNode?.(id);
  };
  return (
    <div style={{ height }}>
      <ReactFlow
        key={placed.map(({ id }) => id).join()}
        nodes={placed}
        edges={lines}
        nodeTypes={nodeTypes}
        fitView
        fitViewOptions={isLarge ? { nodes: firstOf(nodes, edges), minZoom: READABLE, maxZoom: 1 } : { maxZoom: 1 }}
        minZoom={0.1}
        colorMode={scheme}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        zoomOnScroll={false}
        preventScrolling={false}
        ariaLabelConfig={hints}
        proOptions={{ hideAttribution: true }}
        onKeyDown={press}
        onNodeClick={(_, node) => onNode?.(node.id)}
      >
        <Background />
        <Controls showInteractive={false} fitViewOptions={{ minZoom: 0.1 }} />
        {isLarge ? (
          <MiniMap<Node<BoxData>> pannable zoomable ariaLabel="Map of the whole graph" nodeColor={colourOf} />
        ) : null}
      </ReactFlow>
    </div>
  );
}
