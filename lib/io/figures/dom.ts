/** The little of the DOM that measuring needs, and the style an element inherits. */

/** A rectangle in CSS pixels; y grows downwards. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An element or text node. */
export interface DomNode {
  readonly nodeType: number;
  readonly parentNode: DomElement | null;
  readonly data?: string;
}

/** An element. */
export interface DomElement extends DomNode {
  readonly tagName: string;
  readonly namespaceURI: string | null;
  readonly childNodes: ArrayLike<DomNode>;
  readonly children: ArrayLike<DomElement>;
  readonly style?: { getPropertyValue(name: string): string };
  getAttribute?(name: string): string | null;
}

export const EMPTY_BOX: Box = { x: 0, y: 0, width: 0, height: 0 };

/** Whether a node is an element. */
export function isElement(node: DomNode): node is DomElement {
  return node.nodeType === 1;
}

/** An attribute as a number, 0 where it is missing. */
export function numberAttribute(element: DomElement, name: string): number {
  return parseFloat(element.getAttribute?.(name) ?? "") || 0;
}

/** An inheritable presentation property: the nearest style or attribute upwards, else "". */
export function inheritedStyle(element: DomElement, property: string): string {
  for (let at: DomElement | null = element; at?.getAttribute; at = at.parentNode) {
    const value = at.style?.getPropertyValue(property) || at.getAttribute(property);
    if (value) return value;
  }
  return "";
}

/** The smallest box around all of them; boxes without extent are left out. */
export function unionBox(boxes: readonly Box[]): Box {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const box of boxes) {
    if (box.width === 0 && box.height === 0) continue;
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  return left === Infinity ? EMPTY_BOX : { x: left, y: top, width: right - left, height: bottom - top };
}
