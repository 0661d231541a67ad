export type DtoClass = new () => object;

const key = Symbol('nested type');

/** Notes the class of a nested object, which TypeScript's own metadata does not know for lists. */
export const nestedTypeOf =
  (type: () => DtoClass): PropertyDecorator =>
  (target, property) =>
    Reflect.defineMetadata(key, type, target, property);

export const nestedType = (dto: DtoClass, property: string): DtoClass | undefined =>
  (Reflect.getMetadata(key, dto.prototype, property) as (() => DtoClass) | undefined)?.();
