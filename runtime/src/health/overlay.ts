/** The object, with some of its methods in the place of its own. */
export function overlay<Subject extends object>(subject: Subject, methods: Partial<Subject>): Subject {
  return new Proxy(subject, {
    get(target, name): unknown {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
