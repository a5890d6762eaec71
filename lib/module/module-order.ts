import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Where a module stands in the order of the lifecycle hooks: the distance from the root, by which Nest sorts. What is
 * nearer is initialized later, and destroyed sooner; the root's is 1, that of global modules the greatest number.
 */
export const DISTANCE = {
  /** Learns of the shutdown before anything else does, and comes last of all when the application begins. */
  announcesShutdown: -2,
  /** Serves while everything else is there: a database that the root module owns is not closed under running handlers. */
  serves: -1,
  /** Is there before anything else, and goes when everything else has gone. */
  outlivesAll: Number.POSITIVE_INFINITY,
} as const;

/** Moves all modules of this class to a place in the order. Call it in the constructor of the module. */
export function placeInOrder(modules: ModulesContainer, metatype: Type, distance: number): void {
  for (const module of modules.values()) {
    if (module.metatype === metatype) module.distance = distance;
  }
}
