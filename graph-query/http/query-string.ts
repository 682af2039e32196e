import type { FastifyRequest } from 'fastify'
import type { Reading } from '#protocol'
import { BadQuery } from '../reader/reader.ts'

/** What a reader of requests accepted. @throws BadQuery with its reason otherwise */
export function accept<T>(reading: Reading<T>): T {
  if (!reading.ok) throw new BadQuery(reading.reason)
  return reading.value
}

/** Parameters of the query string; of repeated ones the first. */
export function queryOf(request: FastifyRequest): Record<string, string | undefined> {
  const query = request.query as Record<string, string | string[] | undefined>
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

/** All values of a parameter that may be repeated. */
export function listOf(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

const largestPage = 100_000

export function readPage(limit = '500', page = '1'): { limit: number; page: number } {
  // Falcon: a page before the first is the first.
  return {
    limit: Math.min(largestPage, readNumber('limit', limit, 0)),
    page: Math.max(1, readNumber('page', page, -Infinity)),
  }
}

/** A whole number of at least `least`. */
export function readNumber(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!/^-?\d{1,15}$/.test(text) || value < least) throw new BadQuery(`${name} is not a number: "${text.slice(0, 40)}"`)
  return value
}

/** `1,2`, also in brackets. */
export function readIds(text: string): number[] {
  const inner = text.replace(/^\[(.*)\]$/, '$1')
  if (!/^\d{1,16}( *, *\d{1,16})*$/.test(inner)) throw new BadQuery('input error, please check your input info.')
  return inner.split(',').map(Number)
}
