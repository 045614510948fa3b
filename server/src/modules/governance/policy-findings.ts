import type { Approval, GateReport, ModelVersion, Policy, PolicyDefinition } from '@flyball/api';

type Finding = Approval['findings'][number];

/** The policy of a model: the one that names it, else the one for all models. */
export function policyFor(policies: readonly Policy[], model: string): Policy | null {
  return policies.find((policy) => policy.model === model) ?? policies.find((policy) => policy.model === '*') ?? null;
}

function gateFinding(name: string, reports: readonly GateReport[]): Finding {
  const rule = `gate ${name}`;
  for (const { results, at } of reports) {
    const found = results.find(({ gate }) => gate.name === name);
    if (found === undefined) continue;
    return { rule, ok: found.verdict === 'pass', message: `${found.verdict}: ${found.message} (${at})` };
  }
  return { rule, ok: false, message: 'This gate was never checked for this version' };
}

function scanFinding({ scan, tags }: ModelVersion): Finding {
  const signedOff = tags['flyball.scan-sign-off'];
  const ok = scan.verdict === 'safe' || (scan.verdict === 'unknown' && signedOff !== undefined);
  const message = signedOff === undefined ? `The scan says ${scan.verdict}` : `Signed off: ${signedOff}`;
  return { rule: 'safe files', ok, message };
}

/** What a policy finds in a version; `reports` are its gate reports, newest first. */
export function policyFindings(
  policy: Pick<PolicyDefinition, 'requiredGates' | 'requireSafeScan'>,
  version: ModelVersion,
  reports: readonly GateReport[],
): Finding[] {
  return [
    ...policy.requiredGates.map((name) => gateFinding(name, reports)),
    ...(policy.requireSafeScan ? [scanFinding(version)] : []),
  ];
}
