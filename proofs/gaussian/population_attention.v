(* Theorem T1 (gaussian-linearity): population attention of Gaussian tokens is affine.

   N(m0, Gamma) on R^d is the law of Y = m0 + A G, G a vector of n independent
   standard normal variables and Gamma = A A^T (singular Gamma allowed: every
   positive semi-definite matrix is of this form).

     gaussian_cgf                   E e^{<a,Y>} = e^{<a,m0> + a^T Gamma a/2}, that is
                                    Lam(a) = <a,m0> + a^T Gamma a/2
     population_attention_affine    V E[Y e^{<Uz,Y>}] / E e^{<Uz,Y>} = V (m0 + Gamma U z)
     gaussian_vector_exists         such vectors exist

     entry M i j                    the entry of a matrix, 0 outside
     gaussian_vector m0 A G         Y
     scalar_product a x             <a,x> *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg matrix ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure.
From AttentionBounds.gaussian Require Import standard_normal.
From AttentionBounds.gaussian Require population_attention_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* entries of a matrix as a function of natural numbers, 0 outside *)
Definition entry (p q : nat) (M : 'M[RR]_(p, q)) (i j : nat) : RR :=
  if insub i is Some i' then if insub j is Some j' then M i' j' else 0 else 0.

Lemma entryE p q (M : 'M[RR]_(p, q)) (i : 'I_p) (j : 'I_q) : entry M i j = M i j.
Proof. by rewrite /entry !valK. Qed.

Lemma standard_normal_tilts :
  population_attention_abstract.normal_tilts (probability_expectation standard_normal_probability).
Proof. by move=> b; split; [exact: standard_normal_mgf|exact: standard_normal_tilted_mean]. Qed.

(* Y = m0 + A G *)
Definition gaussian_vector d (Om : measurableType d) (p n : nat) (m0 : 'cV[RR]_p) (A : 'M[RR]_(p, n))
  (G : nat -> Om -> RR) (o : Om) : 'cV[RR]_p := m0 + A *m \col_j G j o.

Section GaussianTokens.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (p n : nat) (G : nat -> Om -> RR).
Hypothesis HG : iid_with_law P standard_normal n G.
Variables (m0 : 'cV[RR]_p) (A : 'M[RR]_(p, n)).
Let Gamma := A *m A^T.
Let Y := gaussian_vector m0 A G.

(* <a, x> *)
Definition scalar_product (q : nat) (a x : 'cV[RR]_q) : RR := \sum_(k < q) a k ord0 * x k ord0.

Let m0n k := entry m0 k 0.
Let An := entry A.

Lemma vectorE (k : 'I_p) o : population_attention_abstract.gaussian_vector G n m0n An k o = Y o k ord0.
Proof.
rewrite /population_attention_abstract.gaussian_vector /Y /gaussian_vector !mxE rsumE.
rewrite RplusE /m0n (entryE m0 k ord0); congr (_ + _).
by apply: eq_bigr => j _; rewrite RmultE /An entryE mxE.
Qed.

Lemma scoreE (a : 'cV[RR]_p) o :
  population_attention_abstract.score G n p m0n An (fun k => entry a k 0) o = scalar_product a (Y o).
Proof.
rewrite /population_attention_abstract.score rsumE; apply: eq_bigr => k _.
by rewrite RmultE vectorE (entryE a k ord0).
Qed.

Lemma covarianceE (k l : 'I_p) : population_attention_abstract.covariance n An k l = Gamma k l.
Proof.
rewrite /population_attention_abstract.covariance rsumE /Gamma !mxE; apply: eq_bigr => j _.
by rewrite RmultE /An !entryE !mxE.
Qed.

Let PR := iid_product_rule P1 standard_normal_probability HG.

Theorem gaussian_cgf (a : 'cV[RR]_p) :
  (\int[P]_o (rexp (scalar_product a (Y o)))%:E =
   (rexp (scalar_product a m0 + scalar_product a (Gamma *m a) / 2%:R))%:E)%E.
Proof.
have [I E] := @population_attention_abstract.gaussian_mgf _ _ _ G n PR standard_normal_tilts p m0n An (fun k => entry a k 0).
under eq_integral do rewrite -scoreE.
rewrite (Pmean_integral I) [Pmean _ _]E; congr (rexp _)%:E.
rewrite RplusE RdivE' IZR2E !rsumE; congr (_ + _ / _).
  by apply: eq_bigr => k _; rewrite RmultE (entryE a k ord0) /m0n (entryE m0 k ord0).
apply: eq_bigr => k _; rewrite rsumE !mxE mulr_sumr; apply: eq_bigr => l _.
by rewrite !RmultE (entryE a k ord0) (entryE a l ord0) covarianceE mulrA.
Qed.

Theorem population_attention_affine (q r : nat) (U : 'M[RR]_(p, q)) (V : 'M[RR]_(r, p)) (z : 'cV[RR]_q) (i : 'I_r) :
  let weight o := rexp (scalar_product (U *m z) (Y o)) in
  (\int[P]_o ((V *m Y o) i ord0 * weight o)) / (\int[P]_o weight o) = (V *m (m0 + Gamma *m U *m z)) i ord0.
Proof.
move=> weight.
have := @population_attention_abstract.population_affine _ _ _ G n PR standard_normal_tilts p q m0n An
  (entry U) (entry V) (fun l => entry z l 0) i.
pose aw o := Rtrigo_def.exp (population_attention_abstract.score G n p m0n An
    (fun k => rsum q (fun l => Rmult (entry U k l) (entry z l 0))) o).
have wE o : weight o = aw o.
  rewrite /weight; congr Rtrigo_def.exp; rewrite -scoreE.
  rewrite /population_attention_abstract.score !rsumE; apply: eq_bigr => k _; congr Rmult.
  rewrite (entryE (U *m z) k ord0) rsumE !mxE; apply: eq_bigr => l _.
  by rewrite RmultE entryE (entryE z l ord0).
move=> H.
transitivity (Rdiv (Pmean P (fun o => Rmult (rsum p (fun k => Rmult (entry V i k) (population_attention_abstract.gaussian_vector G n m0n An k o))) (aw o)))
  (Pmean P aw)).
  rewrite RdivE'; congr (_ / _); congr Rintegral; apply/funext => o; last exact: wE.
  rewrite RmultE wE; congr (_ * _).
  by rewrite rsumE !mxE; apply: eq_bigr => k _; rewrite RmultE entryE vectorE.
apply: etrans H _.
rewrite rsumE !mxE; apply: eq_bigr => k _; rewrite RmultE RplusE entryE mxE /m0n (entryE m0 k ord0); congr (_ * (_ + _)).
rewrite rsumE -mulmxA mxE; apply: eq_bigr => l _; rewrite RmultE covarianceE; congr (_ * _).
by rewrite rsumE !mxE; apply: eq_bigr => j _; rewrite RmultE entryE (entryE z j ord0).
Qed.
End GaussianTokens.

(* Vectors of n independent standard normal variables exist. *)
Theorem gaussian_vector_exists (n : nat) : exists d (Om : measurableType d) (P : {measure set Om -> \bar RR})
  (G : nat -> Om -> RR), P setT = 1%E /\ iid_with_law P standard_normal n G.
Proof. exact: (iid_exists standard_normal_probability n). Qed.
