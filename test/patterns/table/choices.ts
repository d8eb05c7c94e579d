import { anyEnd, beside, mayPrecede } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import { before, ends, readyWith, run, runs } from '../rules.ts';

export const choicePatterns: readonly Pattern[] = [
  {
    id: 'P06',
    file: 'p06-multi-choice',
    title: 'Multi-choice',
    without: ['condition: call.output.injured', 'condition: "true"'],
    cases: [
      {
        input: { fire: true, injured: true },
        always: [runs('police', 1), runs('fire-brigade', 1), runs('ambulance', 1)],
        free: [beside('fire-brigade', 'ambulance'), anyEnd('fire-brigade', 'ambulance', 'police')],
      },
      {
        input: { fire: true, injured: false },
        always: [runs('police', 1), runs('fire-brigade', 1), ends('ambulance', 'skipped')],
      },
    ],
  },
  {
    id: 'P07',
    file: 'p07-structured-synchronizing-merge',
    title: 'Structured synchronizing merge',
    without: ['trigger: activated', 'trigger: all_success'],
    cases: [
      {
        input: { fire: true, injured: true },
        always: [readyWith('report', 2, ['fire-brigade', 'ambulance']), runs('report', 1)],
        free: [anyEnd('fire-brigade', 'ambulance')],
      },
      {
        input: { fire: false, injured: true },
        always: [
          runs('fire-brigade', 0),
          readyWith('report', 1, ['ambulance']),
          runs('report', 1),
          run('succeeded'),
        ],
      },
    ],
  },
  {
    id: 'P08',
    file: 'p08-multi-merge',
    title: 'Multi-merge',
    without: ['trigger: each', 'trigger: all_success'],
    cases: [
      {
        always: [
          runs('comment', 2),
          runs('notify', 2),
          before('comment', 'notify'),
          run('succeeded'),
        ],
        free: [
          mayPrecede('comment', 'test'),
          mayPrecede('comment', 'lint'),
          beside('comment'),
          mayPrecede('notify', 'comment'),
        ],
      },
    ],
  },
  {
    id: 'P37',
    file: 'p37-local-synchronizing-merge',
    title: 'Local synchronizing merge',
    without: ['trigger: activated', 'trigger: all_success'],
    cases: [
      {
        input: { photos: true, damage: true },
        always: [
          readyWith('decide', 2, ['view-photos', 'estimate']),
          before('claim', 'decide'),
          runs('decide', 1),
        ],
        free: [anyEnd('view-photos', 'estimate')],
      },
      {
        input: { photos: true, damage: false },
        always: [
          runs('estimate', 0),
          before('view-photos', 'decide'),
          before('inspect', 'decide'),
          runs('decide', 1),
        ],
        free: [anyEnd('view-photos', 'inspect')],
      },
      {
        input: { photos: false, damage: false },
        always: [before('inspect', 'decide'), runs('decide', 1), run('succeeded')],
      },
    ],
  },
  {
    id: 'P38',
    file: 'p38-general-synchronizing-merge',
    title: 'General synchronizing merge',
    without: ['trigger: reachable', 'trigger: one_success'],
    cases: [
      {
        input: { rounds: 2 },
        always: [
          runs('diagnose', 2),
          before('order-part', 'hand-over'),
          before('wash', 'hand-over'),
          runs('hand-over', 1),
        ],
        free: [anyEnd('wash', 'order-part')],
      },
      {
        input: { rounds: 1 },
        always: [
          runs('diagnose', 1),
          runs('order-part', 0),
          before('diagnose', 'hand-over'),
          before('wash', 'hand-over'),
          runs('hand-over', 1),
          run('succeeded'),
        ],
        free: [anyEnd('wash', 'diagnose')],
      },
    ],
  },
];
