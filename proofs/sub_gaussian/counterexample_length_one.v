(* The printed Propositions 3.1 and 3.4 fail at prompt length L = 1.

   As printed, for centred token and query laws mu, nu that are sigma- and
   1-sub-Gaussian, sigma >= 1, with |T[mu]|_{L4(nu)} <= sigma^2 M (and, for 3.4,
   finite tilted moments), there are c1, c2 > 0 depending on d, V, K, Q, M only with
     output and V-gradient error <= c1 sigma^6  ln(L)   / L^{c2/sigma^2},
     U-gradient error            <= c1 sigma^12 ln(L)^2 / L^{c2/sigma^2}
   for every prompt length L.  At L = 1 every right side is 0.  In dimension one
   with V = 1 and U = 0 take for mu and nu any centred law of variance one that is
   1-sub-Gaussian (sigma = 1): all hypotheses hold, for every M >= 0, and the
   three errors are 1 (counterexample_length_one).  N(0,1) and the Rademacher law
   are such laws, so no c1, c2 whatever make the printed statements true
   (printed_output_bound_false, ...).  This says nothing against L >= 2.

     tilted_moment mu a q, tilted_absolute_moment   E[x^q e^{ax}] / E e^{ax}, and of |x|^q
     population_output, population_value_gradient, population_key_query_gradient
                          T[mu](z) = V m(Uz) and its derivatives m(Uz) in V and
                          V C(Uz) z in U, m and C mean and variance of the tilted law
     prompt_moment z q    sum_i p_i X_i^q, the softmax average over the prompt
     prompt_output, prompt_value_gradient, prompt_key_query_gradient   the same three
                          with prompt_moment in place of tilted_moment
     output_error, value_gradient_error, key_query_gradient_error
                          their squared L2(nu) distances, averaged over the prompt
     printed_hypotheses   the conditions on sigma, M, mu and nu above, as a record
     printed_rate sigma c1 c2 j L   c1 sigma^{6j} ln(L)^j / L^{c2/sigma^2}
     printed_statement j err   err is at most this rate for every L, under the hypotheses;
     printed_output_bound, printed_value_gradient_bound, printed_key_query_gradient_bound
                          its cases of the three errors, j = 1, 1, 2
     counterexample_normal, counterexample_rademacher   the two laws as counterexamples
     printed_value_gradient_bound_false, printed_key_query_gradient_bound_false
                          and printed_output_bound_false: none of the cases is true *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import abstract_expectation independence integration probability_measure.
From AttentionBounds.gaussian Require Import standard_normal.
From AttentionBounds.sub_gaussian Require Import sub_gaussian_law.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---- attention in dimension one ---- *)

Section Attention.
Variables (V U : RR).

(* order-q moment of the law tilted by e^{ax}, and |x|^q instead of x^q *)
Definition tilted_moment (mu : {measure set RR -> \bar RR}) (a : RR) (q : nat) : RR :=
  (\int[mu]_x (x ^+ q * rexp (a * x))) / (\int[mu]_x rexp (a * x)).
Definition tilted_absolute_moment (mu : {measure set RR -> \bar RR}) (a : RR) (q : nat) : RR :=
  (\int[mu]_x (`|x| ^+ q * rexp (a * x))) / (\int[mu]_x rexp (a * x)).

(* population attention T[mu](z) = V m(Uz), and its derivatives m(Uz) in V, V C(Uz) z in U *)
Definition population_output mu z : RR := V * tilted_moment mu (U * z) 1.
Definition population_value_gradient mu z : RR := tilted_moment mu (U * z) 1.
Definition population_key_query_gradient mu z : RR :=
  V * (tilted_moment mu (U * z) 2 - tilted_moment mu (U * z) 1 ^+ 2) * z.

(* finite prompt: the same with the softmax averages sum_i p_i X_i^q, p_i = e^{U z X_i} / sum_j e^{U z X_j} *)
Section Prompt.
Context d (Om : measurableType d) (L : nat) (X : nat -> Om -> RR).
Definition prompt_moment z q o : RR :=
  weighted_mean L X (fun x => rexp (U * z * x)) (fun x => x ^+ q) o.
Definition prompt_output z o : RR := V * prompt_moment z 1 o.
Definition prompt_value_gradient z o : RR := prompt_moment z 1 o.
Definition prompt_key_query_gradient z o : RR :=
  V * (prompt_moment z 2 o - prompt_moment z 1 o ^+ 2) * z.

(* squared L2(nu) errors, averaged over the prompt *)
Variables (P : {measure set Om -> \bar RR}) (mu nu : {measure set RR -> \bar RR}).
Definition output_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_output z o - population_output mu z) ^+ 2)%:E)%E.
Definition value_gradient_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_value_gradient z o - population_value_gradient mu z) ^+ 2)%:E)%E.
Definition key_query_gradient_error : \bar RR :=
  (\int[nu]_z \int[P]_o ((prompt_key_query_gradient z o - population_key_query_gradient mu z) ^+ 2)%:E)%E.
End Prompt.

(* ---- the printed statements ---- *)

Record printed_hypotheses (sigma M : RR) (mu nu : {measure set RR -> \bar RR}) : Prop := {
  token_probability : mu setT = 1%E;
  query_probability : nu setT = 1%E;
  sigma_ge1 : 1 <= sigma;
  token_centred : centred mu;
  query_centred : centred nu;
  token_sub_gaussian : sub_gaussian sigma mu;
  query_sub_gaussian : sub_gaussian 1 nu;
  (* |T[mu]|_{L4(nu)} <= sigma^2 M *)
  output_fourth_moment :
    (\int[nu]_z (population_output mu z ^+ 4)%:E <= ((sigma ^+ 2 * M) ^+ 4)%:E)%E;
  (* Assumption 3.3, for all orders p and q: E|z|^p E_{mu_{Uz}}|X|^q is finite *)
  tilted_moments_finite : forall p q : nat,
    (\int[nu]_z (`|z| ^+ p * tilted_absolute_moment mu (U * z) q)%:E < +oo)%E
}.

End Attention.

Definition printed_rate (sigma c1 c2 : RR) (j : nat) (L : nat) : RR :=
  c1 * sigma ^+ (6 * j) * (Rpower.ln L%:R : RR) ^+ j / (Rpower L%:R (c2 / sigma ^+ 2) : RR).

(* "the error is at most the printed rate for every prompt length", j = 1 for the
   output and the V-gradient, j = 2 for the U-gradient *)
Definition printed_statement (V U M c1 c2 : RR) (j : nat)
  (err : RR -> RR -> forall d (Om : measurableType d), nat -> (nat -> Om -> RR) ->
         {measure set Om -> \bar RR} -> {measure set RR -> \bar RR} -> {measure set RR -> \bar RR} -> \bar RR) : Prop :=
  forall (sigma : RR) (mu nu : {measure set RR -> \bar RR}),
    printed_hypotheses V U sigma M mu nu ->
    forall (L : nat) d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
      (1 <= L)%N -> P setT = 1%E -> iid_with_law P mu L X ->
      (err V U d Om L X P mu nu <= (printed_rate sigma c1 c2 j L)%:E)%E.

Definition printed_output_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 1 (fun V U d Om L X P mu nu => @output_error V U d Om L X P mu nu).
Definition printed_value_gradient_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 1 (fun V U d Om L X P mu nu => @value_gradient_error U d Om L X P mu nu).
Definition printed_key_query_gradient_bound (V U M c1 c2 : RR) : Prop :=
  printed_statement V U M c1 c2 2 (fun V U d Om L X P mu nu => @key_query_gradient_error V U d Om L X P mu nu).

(* ---- the counterexample: V = 1, U = 0, one law for tokens and queries ---- *)

Lemma printed_rate_at_one (sigma c1 c2 : RR) (j : nat) : (0 < j)%N -> printed_rate sigma c1 c2 j 1 = 0.
Proof.
move=> j0; rewrite /printed_rate.
have -> : (Rpower.ln 1%:R : RR) = 0 by exact: ln_1.
by rewrite expr0n eqn0Ngt j0 mulr0 mul0r.
Qed.

Lemma rexp0z (z x : RR) : rexp (0 * z * x) = 1.
Proof. by rewrite !mul0r; exact: exp_0. Qed.

Section Law.
Variable mu : {measure set RR -> \bar RR}.
Hypothesis mu1 : mu setT = 1%E.
Hypothesis mu_centred : centred mu.
Hypothesis mu_sub : sub_gaussian 1 mu.
Hypothesis mu_variance : \int[mu]_x (x ^+ 2) = 1.

(* U = 0: no tilt, so the tilted moments are the moments of the law *)
Lemma untilted (g : RR -> RR) (z : RR) :
  (\int[mu]_x (g x * rexp (0 * z * x))) / (\int[mu]_x rexp (0 * z * x)) = \int[mu]_x g x.
Proof.
have -> : (fun x : RR => g x * rexp (0 * z * x)) = g.
  by apply/funext => x; rewrite rexp0z mulr1.
have -> : (fun x : RR => rexp (0 * z * x)) = (fun=> 1).
  by apply/funext => x; rewrite rexp0z.
by rewrite [X in _ / X](Pmean_const mu1 1) divr1.
Qed.

Lemma untilted_mean (z : RR) : tilted_moment mu (0 * z) 1 = 0.
Proof.
rewrite /tilted_moment untilted -(proj2 mu_centred).
by congr Rintegral; apply/funext => x; rewrite expr1.
Qed.
Lemma untilted_square (z : RR) : tilted_moment mu (0 * z) 2 = 1.
Proof. by rewrite /tilted_moment untilted. Qed.

Lemma law_hypotheses (M : RR) : 0 <= M -> printed_hypotheses 1 0 1 M mu mu.
Proof.
move=> M0; split => //.
- rewrite (eq_integral (fun=> 0%:E)); last first.
    by move=> z _; rewrite /population_output untilted_mean mulr0 expr0n.
  by rewrite integral0 lee_fin exprn_ge0// mulr_ge0// sqr_ge0.
- move=> p q; pose m := \int[mu]_x (`|x| ^+ q) : RR.
  have E z : `|z| ^+ p * tilted_absolute_moment mu (0 * z) q = Rplus (Rmult m (`|z| ^+ p)) (Rmult 0 (`|z| ^+ p)).
    by rewrite /tilted_absolute_moment untilted RplusE !RmultE mul0r addr0 mulrC.
  have Ip := sub_gaussian_absolute_moment mu1 mu_sub p.
  rewrite (eq_integral (fun z : RR => (Rplus (Rmult m (`|z| ^+ p)) (Rmult 0 (`|z| ^+ p)) : RR)%:E)).
    by rewrite (Pmean_integral (Pint_lin m 0 Ip Ip)) ltey.
  by move=> z _; rewrite E.
Qed.

Section LengthOne.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR).
Hypothesis P1 : P setT = 1%E.
Hypothesis HX : iid_with_law P mu 1 X.

(* A prompt of one token: the softmax weight is 1. *)
Lemma prompt_moment_one (z : RR) (q : nat) (o : Om) : prompt_moment 0 1 X z q o = X 0%N o ^+ q.
Proof.
rewrite /prompt_moment /weighted_mean !big_ord_recl !big_ord0 !addr0 divff ?mul1r//=.
exact/lt0r_neq0/rexp_gt0.
Qed.

Lemma mean_square_one : (\int[P]_o (X 0%N o ^+ 2)%:E = 1)%E.
Proof.
have I2 := sub_gaussian_moment mu1 mu_sub 2.
have PR := iid_product_rule P1 mu1 HX.
have L0 : (0 < 1)%coq_nat by apply/ssrnat.ltP.
have [I E] := @product_rule_single _ _ _ _ X 1 PR (fun x : RR => x ^+ 2) 0 L0 I2.
by rewrite (Pmean_integral I) [Pmean P _]E [Ex _ _]mu_variance.
Qed.

Lemma output_error_one : output_error 1 0 1 X P mu mu = 1%E.
Proof.
rewrite /output_error (eq_integral (fun=> 1%E)).
  by rewrite integral_cst// mu1 mul1e.
move=> z _; rewrite -mean_square_one; apply: eq_integral => o _; congr EFin.
by rewrite /prompt_output prompt_moment_one /population_output untilted_mean mulr0 subr0 mul1r expr1.
Qed.

Lemma value_gradient_error_one : value_gradient_error 0 1 X P mu mu = 1%E.
Proof.
rewrite -output_error_one; apply: eq_integral => z _; apply: eq_integral => o _.
by rewrite /prompt_output /population_output !mul1r.
Qed.

(* Chat = 0 for one token, C = 1, so the error at z is z^2, of mean 1. *)
Lemma key_query_gradient_error_one : key_query_gradient_error 1 0 1 X P mu mu = 1%E.
Proof.
rewrite /key_query_gradient_error (eq_integral (fun z : RR => (z ^+ 2)%:E)).
  by rewrite (Pmean_integral (sub_gaussian_moment mu1 mu_sub 2)) [Pmean _ _]mu_variance.
move=> z _; rewrite (eq_integral (fun=> (z ^+ 2)%:E)).
  by rewrite integral_cst// P1 mule1.
move=> o _; congr EFin.
rewrite /prompt_key_query_gradient /population_key_query_gradient !prompt_moment_one.
by rewrite untilted_mean untilted_square expr1 subrr mulr0 mul0r expr0n subr0 !mul1r sub0r sqrrN.
Qed.
End LengthOne.

Theorem counterexample_length_one (M : RR) : 0 <= M ->
  printed_hypotheses 1 0 1 M mu mu /\
  forall d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
    P setT = 1%E -> iid_with_law P mu 1 X ->
    [/\ output_error 1 0 1 X P mu mu = 1%E,
        value_gradient_error 0 1 X P mu mu = 1%E,
        key_query_gradient_error 1 0 1 X P mu mu = 1%E &
        forall c1 c2 : RR, printed_rate 1 c1 c2 1 1 = 0 /\ printed_rate 1 c1 c2 2 1 = 0].
Proof.
move=> M0; split; first exact: law_hypotheses.
move=> d Om P X P1 HX; split.
- exact: output_error_one.
- exact: value_gradient_error_one.
- exact: key_query_gradient_error_one.
- by move=> c1 c2; rewrite !printed_rate_at_one.
Qed.
End Law.

(* N(0,1) for tokens and queries. *)
Theorem counterexample_normal (M : RR) : 0 <= M ->
  printed_hypotheses 1 0 1 M standard_normal standard_normal /\
  forall d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
    P setT = 1%E -> iid_with_law P standard_normal 1 X ->
    [/\ output_error 1 0 1 X P standard_normal standard_normal = 1%E,
        value_gradient_error 0 1 X P standard_normal standard_normal = 1%E,
        key_query_gradient_error 1 0 1 X P standard_normal standard_normal = 1%E &
        forall c1 c2 : RR, printed_rate 1 c1 c2 1 1 = 0 /\ printed_rate 1 c1 c2 2 1 = 0].
Proof.
exact: (counterexample_length_one standard_normal_probability standard_normal_centred
  standard_normal_sub_gaussian standard_normal_variance).
Qed.

(* Rademacher tokens and queries. *)
Theorem counterexample_rademacher (M : RR) : 0 <= M ->
  printed_hypotheses 1 0 1 M rademacher rademacher /\
  forall d (Om : measurableType d) (P : {measure set Om -> \bar RR}) (X : nat -> Om -> RR),
    P setT = 1%E -> iid_with_law P rademacher 1 X ->
    [/\ output_error 1 0 1 X P rademacher rademacher = 1%E,
        value_gradient_error 0 1 X P rademacher rademacher = 1%E,
        key_query_gradient_error 1 0 1 X P rademacher rademacher = 1%E &
        forall c1 c2 : RR, printed_rate 1 c1 c2 1 1 = 0 /\ printed_rate 1 c1 c2 2 1 = 0].
Proof.
exact: (counterexample_length_one rademacher_probability rademacher_centred
  rademacher_sub_gaussian rademacher_variance).
Qed.

Let sample := @iid_exists _ _ standard_normal standard_normal_probability 1.

(* Proposition 3.1 *)
Theorem printed_output_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_output_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have [hyp err] := counterexample_normal M0; have [e1 e2 e3 r] := err d Om P X P1 HX.
have := H 1 _ _ hyp 1%N d Om P X isT P1 HX.
by rewrite /= e1 (proj1 (r c1 c2)) lee_fin ler10.
Qed.

(* Proposition 3.4, gradient in V *)
Theorem printed_value_gradient_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_value_gradient_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have [hyp err] := counterexample_normal M0; have [e1 e2 e3 r] := err d Om P X P1 HX.
have := H 1 _ _ hyp 1%N d Om P X isT P1 HX.
by rewrite /= e2 (proj1 (r c1 c2)) lee_fin ler10.
Qed.

(* Proposition 3.4, gradient in U *)
Theorem printed_key_query_gradient_bound_false (M c1 c2 : RR) : 0 <= M -> ~ printed_key_query_gradient_bound 1 0 M c1 c2.
Proof.
move=> M0 H; have [d [Om [P [X [P1 HX]]]]] := sample.
have [hyp err] := counterexample_normal M0; have [e1 e2 e3 r] := err d Om P X P1 HX.
have := H 1 _ _ hyp 1%N d Om P X isT P1 HX.
by rewrite /= e3 (proj2 (r c1 c2)) lee_fin ler10.
Qed.
