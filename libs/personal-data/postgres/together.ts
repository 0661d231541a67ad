interface Question<Subject, Answer> {
  readonly subject: Subject;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks once what is asked by many at the same moment. */
export class Together<Subject, Answer> {
  private questions: Question<Subject, Answer>[] = [];

  constructor(
    private readonly askAll: (subjects: readonly Subject[]) => Promise<(subject: Subject) => Answer>,
  ) {}

  ask(subject: Subject): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.questions.push({ subject, resolve, reject });
      if (this.questions.length === 1) setImmediate(() => void this.send());
    });
  }

  private async send(): Promise<void> {
    const questions = this.questions;
    this.questions = [];
    try {
      const answerTo = await this.askAll([...new Set(questions.map(({ subject }) => subject))]);
      for (const { subject, resolve } of questions) resolve(answerTo(subject));
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}
