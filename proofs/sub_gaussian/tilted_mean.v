(* Theorem T6, `tilted-mean`: the mean of a tilted sub-Gaussian law.

   x = (x_0, ..., x_{d-1}) is a random vector of mean zero on any probability space
   (T, mu), sub-Gaussian with variance proxy s2 = sigma^2 > 0:
       E e^{<v,x>} <= e^{s2 |v|^2/2}   for every v in R^d.
   Then for every a the tilted mean m(a) = E[x e^{<a,x>}] / E e^{<a,x>} satisfies
       |m(a)| <= 2 sigma^2 |a|.

     subgaussian mu x s2     that bound on the moment generating function
     tilted_mean_vector a    m(a), the mean of the tilted law
     tilted_mean_le          |m(a)|^2 <= (2 s2)^2 |a|^2 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation integration probability_measure.
From AttentionBounds.sub_gaussian Require Import tilted_mean_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section TiltedMean.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Let inner (v : 'I_d -> RR) (t : T) : RR := \sum_(k < d) v k * x k t.

(* E e^{<v,x>} <= e^{s2 |v|^2/2} for every v; the left side may not be infinite *)
Definition subgaussian : Prop := forall v : 'I_d -> RR,
  (\int[mu]_t (rexp (inner v t))%:E <= (rexp (s2 * (\sum_(k < d) v k ^+ 2) / 2%:R))%:E)%E.

Definition tilted_mean_vector (a : 'I_d -> RR) (k : 'I_d) : RR :=
  (\int[mu]_t (rexp (inner a t) * x k t)) / (\int[mu]_t rexp (inner a t)).

Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_sub : subgaussian.
Hypothesis x_mean : forall k, \int[mu]_t x k t = 0.

Let minner v : measurable_fun setT (inner v).
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (k : 'I_d) t => v k * x k t)) => k.
by apply: measurable_funM => //; exact: measurable_fun_cst.
Qed.

Let mexp v : measurable_fun setT (fun t => rexp (inner v t)).
Proof. exact: (measurable_fun_comp measurable_fun_exp (minner v)). Qed.

Let Iexp v : Pint mu (fun t => rexp (inner v t)).
Proof.
split; first by apply/EFin_measurable_fun; exact: mexp.
rewrite (eq_integral (fun t => (rexp (inner v t))%:E)).
  by apply: le_lt_trans (x_sub v) _; rewrite ltey.
by move=> t _ /=; rewrite ger0_norm// ltW// rexp_gt0.
Qed.

(* |y| <= e^y + e^{-y} *)
Let norm_le_exp (y : RR) : `|y| <= rexp y + rexp (- y).
Proof.
have h z : z <= rexp z.
  by apply/RleP; apply: Rle_trans (exponential_bounds.exp_ge_1x z); Lra.lra.
have [y0|y0] := leP 0 y.
  by rewrite ger0_norm// (le_trans (h y))// ler_addl ltW// rexp_gt0.
by rewrite ltr0_norm// (le_trans (h (- y)))// ler_addr ltW// rexp_gt0.
Qed.

Let bump (a : 'I_d -> RR) (k : 'I_d) (e : RR) : 'I_d -> RR := fun j => a j + (j == k)%:R * e.
Let inner_bump a k e t : inner (bump a k e) t = inner a t + e * x k t.
Proof.
rewrite /inner (eq_bigr (fun j => a j * x j t + (if j == k then e * x j t else 0))).
  by rewrite big_split/= -big_mkcond big_pred1_eq.
by move=> j _; rewrite mulrDl; case: (j == k); rewrite ?mul1r// !mul0r.
Qed.

(* e^{<a,x>} x_k is integrable *)
Let Itilted a k : Pint mu (fun t => rexp (inner a t) * x k t).
Proof.
apply: (@Pint_dominated _ _ mu mu1 0 _ (fun t => Rplus (Rmult (IZR 1) (rexp (inner (bump a k 1) t)))
    (Rmult (IZR 1) (rexp (inner (bump a k (-1)) t))))).
- by apply: measurable_funM; [exact: mexp|exact: mx].
- by apply: Pint_lin; exact: Iexp.
- move=> t; rewrite add0r !Rmult_1_l RplusE !inner_bump mul1r mulN1r !rexpD -mulrDr normrM.
  by rewrite (ger0_norm (ltW (rexp_gt0 _))) ler_wpmul2l ?norm_le_exp// ltW// rexp_gt0.
Qed.

(* sequences indexed by nat, for the abstract theorem *)
Let nseq (v : 'I_d -> RR) (k : nat) : R := if insub k is Some k' then v k' else 0.
Let nseqE v (k : 'I_d) : nseq v k = v k. Proof. by rewrite /nseq valK. Qed.
Let nseq_lt v k (kd : (k < d)%N) : nseq v k = v (Ordinal kd).
Proof. by rewrite /nseq insubT. Qed.
Let xn (k : nat) (t : T) : R := nseq (fun k' => x k' t) k.

Let dotE (v : nat -> R) t : dot d v (fun k => xn k t) = inner (fun k => v k) t.
Proof. by rewrite /dot rsumE; apply: eq_bigr => k _; rewrite /xn nseqE. Qed.

Let Ixn k : (k < d)%coq_nat -> Pint mu (xn k).
Proof.
move=> /ssrnat.ltP kd; apply: (@Pint_ext _ _ mu (x (Ordinal kd))) => [t|]; first by rewrite /xn (nseq_lt _ kd).
have := Itilted (fun=> 0) (Ordinal kd); apply: Pint_ext => t.
by rewrite /inner big1 ?expR0 ?mul1r// => j _; rewrite mul0r.
Qed.

Theorem tilted_mean_le (a : 'I_d -> RR) :
  \sum_(k < d) (tilted_mean_vector a k) ^+ 2 <= (2%:R * s2) ^+ 2 * \sum_(k < d) (a k) ^+ 2.
Proof.
pose Emu := probability_expectation mu1.
have Iexp' v : Pint mu (fun t => Rtrigo_def.exp (dot d v (fun k => xn k t))).
  by apply: Pint_ext (Iexp (fun k => v k)) => t; rewrite dotE.
have meanE k : (k < d)%coq_nat -> Pmean mu (xn k) = 0.
  move=> /ssrnat.ltP kd; rewrite -(x_mean (Ordinal kd)) /Pmean /Rintegral.
  by congr fine; apply: eq_integral => t _; rewrite /xn (nseq_lt _ kd).
have subE v : Rle (Pmean mu (fun t => Rtrigo_def.exp (dot d v (fun k => xn k t))))
    (Rtrigo_def.exp (Rdiv (Rmult s2 (dot d v v)) 2)).
  apply/RleP; rewrite -lee_fin -(Pmean_integral (Iexp' v)).
  under eq_integral do rewrite dotE.
  apply: le_trans (x_sub (fun k => v k)) _; rewrite lee_fin RdivE' IZR2E /dot rsumE.
  by rewrite le_eqVlt; apply/orP; left; apply/eqP; congr (rexp (_ * _ / _)); apply: eq_bigr => k _; rewrite expr2.
have tiltE k : (k < d)%coq_nat ->
    Pint mu (fun t => Rmult (Rtrigo_def.exp (dot d (nseq a) (fun k => xn k t))) (xn k t)).
  move=> /ssrnat.ltP kd; apply: Pint_ext (Itilted a (Ordinal kd)) => t.
  by rewrite dotE /inner; under [in RHS]eq_bigr do rewrite nseqE; rewrite /xn (nseq_lt _ kd).
have tmE (k : 'I_d) : tilted_mean_abstract.tilted_mean Emu d xn (nseq a) k = tilted_mean_vector a k :> RR.
  rewrite /tilted_mean_abstract.tilted_mean /tilted_mass RdivE' /tilted_mean_vector /Rintegral /= /Pmean.
  congr (fine _ / fine _); apply: eq_integral => t _; rewrite dotE /inner.
    by under eq_bigr do rewrite nseqE; rewrite /xn nseqE.
  by under eq_bigr do rewrite nseqE.
have := @tilted_mean_square_le T Emu d xn s2 (nseq a) (elimT (RltP _ _) s2_pos) Ixn meanE Iexp' subE tiltE.
move=> /RleP; rewrite !rsumE.
under eq_bigr do rewrite pow2E tmE.
under [in X in _ <= X -> _]eq_bigr do rewrite pow2E nseqE.
move=> H; apply: le_trans H _; rewrite le_eqVlt; apply/orP; left; apply/eqP; congr (_ * _).
rewrite pow2E exprMn; congr (_ * _).
Qed.
End TiltedMean.
