const parts = (hash: string): string[] => {
  const [path = ''] = hash.replace(/^#/, '').split('?');
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
};

const place = (...names: readonly string[]): string => `/${names.map(encodeURIComponent).join('/')}`;

/**
 * Where one of MLflow's own addresses leads here; null for others. Its clients print them after every run, such as
 * `/#/experiments/1/runs/<id>`.
 */
export function placeOfMlflowLink(hash: string): string | null {
  const [kind, name, inner, id] = parts(hash);
  if (kind === 'experiments') {
    if (inner === 'runs' && id !== undefined) return place('runs', id);
    return name === undefined ? '/runs' : `/runs?experiment=${encodeURIComponent(name)}`;
  }
  if (kind === 'models') {
    if (name === undefined) return '/models';
    return inner === 'versions' && id !== undefined ? place('models', name, id) : place('models', name);
  }
  if (kind === 'compare-runs' || kind === 'compare-experiments') return '/runs';
  return null;
}
